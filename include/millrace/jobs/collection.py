"""Garbage collection: what nothing that lives can reach goes from the store.

Three things make it safe beside running jobs. A job records its key in the catalog before it looks
into the store, and a file goes only while the catalog stands still and shows nobody who wants it.
Manifests go before the objects that they name. And a job looks again at what it holds once the
catalog knows its result (`Executor`), so what went between the two looks is made again.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from millrace.artifacts.store import Store
from millrace.artifacts.sweep import Inventory, Item, digests_in, named_objects, take_inventory
from millrace.catalog.catalog import Catalog
from millrace.catalog.live import Live, Result, Stamp
from millrace.errors import SpecError, TransientError
from millrace.jobs.retention import Retention

_BATCH = 500  # files that go while the catalog stands still
_LOOKS, _LOOK_AGAIN = 5, 0.2  # times, and seconds between them, that a store is looked at
_PAUSE = 0.02  # seconds for which the others get the catalog between two batches, at least


@dataclass(frozen=True)
class Plan:
    """What would go, and what stays.

    Attributes:
        inventory: all files of the store. live: what the catalog says must stay.
        garbage: what would go. workflow_of: key or digest of an item to its workflow.
        young: bytes of files that nothing needs but that are within the grace.
        unknown: artifacts that the catalog never heard of.
    """

    inventory: Inventory
    live: Live
    garbage: tuple[Item, ...]
    workflow_of: dict[str, str] = field(repr=False)
    young: int
    unknown: int

    @property
    def bytes(self) -> int:
        """Size of the garbage."""
        return sum(item.entry.bytes for item in self.garbage)


@dataclass(frozen=True)
class Collector:
    """Collects the garbage of one store with one catalog.

    Attributes:
        retention: what is kept though nothing runs on it.
        unknown: also collect artifacts that the catalog never heard of: right where the catalog
            was lost, wrong where another installation uses the store.
    """

    store: Store
    catalog: Catalog
    retention: Retention
    unknown: bool = False

    def plan(self) -> Plan:
        """Look, and change nothing.

        Raises:
            SpecError: the store lost its manifests, so that every object would look like garbage.
        """
        before = self.catalog.live.mark(self.retention.keep())
        inventory = take_inventory(self.store.backend)
        self._check_manifests(before, inventory)
        known = self.catalog.live.workflows()
        live = self.catalog.live.mark(self.retention.keep())
        unneeded = [item for item in inventory.items if item.key and not _needed(item, live)]
        dead = [item for item in unneeded if self.unknown or item.key in known]
        gone = {item.entry.name for item in dead if self._old(item, inventory)}
        manifests = inventory.of("manifest", "replaced manifest")
        named = named_objects(self.store.backend, manifests)
        reachable = {d for name, digests in named.items() if name not in gone for d in digests}
        loose = [
            item for item in inventory.of("object", "data key") if item.digest not in reachable
        ]
        parts = inventory.of("part")
        garbage = [i for i in (*dead, *loose, *parts) if self._old(i, inventory)]
        return Plan(
            inventory=inventory,
            live=live,
            garbage=tuple(garbage),
            workflow_of=_owners(known, manifests, named),
            young=sum(i.entry.bytes for i in (*dead, *loose, *parts))
            - sum(i.entry.bytes for i in garbage),
            unknown=len({i.key for i in unneeded if i.kind == "manifest"} - set(known)),
        )

    def sweep(self, plan: Plan, report: Callable[[int, int], None] = lambda done, all: None) -> int:
        """Remove what is garbage still; return the bytes that were freed.

        Killed at any moment it leaves a valid store; the next collection goes on.

        Args:
            plan: of a moment ago.
            report: called with the files looked at and their number.

        Raises:
            SpecError: the store removes nothing.
        """
        keyed = [item for item in plan.garbage if item.key]
        objects = [item for item in plan.garbage if item.kind in ("object", "data key")]
        parts = [item for item in plan.garbage if item.kind == "part"]
        progress = _Progress(len(plan.garbage), report)
        freed = self._sweep_keyed(keyed, plan.live, progress)
        freed += self._sweep_objects(objects, progress)
        freed += self._remove(parts)
        if freed and self.store.local_root is None:
            self._check_removed(plan)
        return freed

    def _check_manifests(self, live: Live, inventory: Inventory) -> None:
        """Raise `SpecError` where objects lie in the store, live artifacts too, but no manifest.

        A job beside may be about to make the only one again, so a store is looked at repeatedly.
        """
        if not live.artifacts or not inventory.of("object"):
            return
        for _ in range(_LOOKS):
            if any(item.kind == "manifest" for item in inventory.items):
                return
            time.sleep(_LOOK_AGAIN)
            inventory = take_inventory(self.store.backend, ("manifests",))
        raise SpecError(
            "the store has lost its manifests",
            where=f"{self.store.uri}/manifests",
            expected=f"those of {len(live.artifacts):,} artifacts that are in use",
            received="none, though objects are there",
            remedy="Bring `manifests` back, e.g. by mounting its disk. Nothing was removed.",
        )

    def _check_removed(self, plan: Plan) -> None:
        """Raise `SpecError` where all is still there: S3 refuses single files of a list silently.

        Some may be: runs that began since have made them anew, or want them.
        """
        before = {item.entry for item in plan.inventory.items}
        if before <= {item.entry for item in take_inventory(self.store.backend).items}:
            raise SpecError(
                "the store removes nothing",
                where=self.store.uri,
                remedy="Check that its credentials may delete.",
            )

    def _old(self, item: Item, inventory: Inventory) -> bool:
        return inventory.now - item.entry.modified >= self.retention.grace_seconds

    def _sweep_keyed(self, items: Sequence[Item], live: Live, progress: _Progress) -> int:
        """Remove manifests and what belongs to their keys, unless a run wants them by now."""
        seen: Stamp = ()
        freed = 0
        for batch in _batches(items):
            with _standstill(self.catalog):
                stamp = self.catalog.live.stamp()
                if stamp != seen:
                    live, seen = self.catalog.live.mark(self.retention.keep()), stamp
                freed += self._remove([item for item in batch if not _needed(item, live)])
            progress.add(len(batch))
        return freed

    def _sweep_objects(self, items: Sequence[Item], progress: _Progress) -> int:
        """Remove objects, unless a manifest names them by now."""
        if not items:
            return 0
        backend = self.store.backend
        with self.catalog.live.still():  # no execution is begun but not yet to be seen
            position = self.catalog.live.position()
        present = take_inventory(backend, ("manifests",)).of("manifest", "replaced manifest")
        named = frozenset().union(*named_objects(backend, present).values())
        freed = 0
        known: frozenset[Result] = frozenset()
        taken: set[str] = set()
        for batch in _batches([item for item in items if item.digest not in named]):
            with _standstill(self.catalog):
                late = self.catalog.live.results_since(position)
                taken.update(*(self._names(one.key, one.digest) for one in late - known))
                known = late
                freed += self._remove([item for item in batch if item.digest not in taken])
            progress.add(len(batch))
        return freed

    def _names(self, key: str, digest: str) -> frozenset[str]:
        """Return the objects that the manifests of an artifact name now."""
        found = map(self.store.backend.read, self.store.manifest_names(key, digest))
        return frozenset().union(*map(digests_in, found))

    def _remove(self, items: Sequence[Item]) -> int:
        if items:
            self.store.backend.remove([item.entry.name for item in items])
        return sum(item.entry.bytes for item in items)


@contextmanager
def collecting(home: Path, catalog: Catalog) -> Iterator[None]:
    """Be the only one who collects, on this host and on a shared catalog.

    Raises:
        TransientError: another collection is at work.
    """
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "collection").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TransientError("another garbage collection is at work", where=home) from error
        with catalog.live.alone():
            yield


@dataclass
class _Progress:
    """Counts what was looked at."""

    total: int
    report: Callable[[int, int], None]
    done: int = 0

    def add(self, count: int) -> None:
        """Take in `count` more files."""
        self.done += count
        self.report(self.done, self.total)


@contextmanager
def _standstill(catalog: Catalog) -> Iterator[None]:
    """Hold the catalog still for the block, then leave it to the others as long as it was held."""
    began = time.monotonic()
    with catalog.live.still():
        yield
    time.sleep(max(_PAUSE, time.monotonic() - began))


def _needed(item: Item, live: Live) -> bool:
    if item.kind == "replaced manifest":
        return (item.key, item.digest) in live.artifacts
    return item.key in live.keys


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _owners(
    known: dict[str, str], manifests: Iterable[Item], named: dict[str, frozenset[str]]
) -> dict[str, str]:
    """Return the workflow of every key, and of every object by what names it."""
    owners = dict(known)
    for item in manifests:
        for digest in named[item.entry.name]:
            owners.setdefault(digest, known.get(item.key, ""))
    return owners
