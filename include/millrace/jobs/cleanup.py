"""`Cleanup`: store, host and unfinished uploads together, with the figures that people are shown.

Planning changes nothing; only `sweep` removes, and only what the plan named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from millrace.artifacts.restricted import Expired, RestrictedStore
from millrace.artifacts.store import Store
from millrace.artifacts.uploads import Upload, Uploads
from millrace.catalog.catalog import Catalog
from millrace.errors import redact
from millrace.jobs.collection import Collector, Plan
from millrace.jobs.collection_home import Leftover, leftovers, remove_leftovers
from millrace.jobs.retention import Retention
from millrace.settings import Settings
from millrace.wording import size

_LONG = 7  # days that hardly any run takes
_NAMED = 5  # runs named in a note

Figures = dict[str, tuple[int, int]]
"""Name to number of files and their bytes, largest first."""


@dataclass(frozen=True)
class Report:
    """What a cleanup would remove, and what keeps the rest.

    Attributes:
        store: URI. stored: bytes in it.
        runs: number of runs that keep something, by reason. versions: kept model versions.
        notes: sentences about what is left alone though nothing needs it.
        by_kind, by_workflow: what would go.
    """

    store: str
    stored: int
    runs: Mapping[str, int]
    versions: int
    notes: tuple[str, ...]
    by_kind: Figures
    by_workflow: Figures
    plan: Plan = field(repr=False)
    home: tuple[Leftover, ...] = field(repr=False)
    uploads: tuple[Upload, ...] = field(repr=False)
    originals: Expired = field(default=Expired((), 0), repr=False)

    @property
    def kept(self) -> int:
        """Runs that keep something."""
        return sum(self.runs.values())

    @property
    def count(self) -> int:
        """Files that would go."""
        return sum(count for count, _ in self.by_kind.values())

    @property
    def bytes(self) -> int:
        """Their size."""
        return sum(total for _, total in self.by_kind.values())

    def to_document(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "store": self.store,
            "stored": self.stored,
            "runs_kept": dict(self.runs),
            "versions_kept": self.versions,
            "notes": list(self.notes),
            "files": self.count,
            "bytes": self.bytes,
            "by_kind": _documents(self.by_kind),
            "by_workflow": _documents(self.by_workflow),
        }


@dataclass(frozen=True)
class Cleanup:
    """Cleans up after an installation. Use it inside `millrace.jobs.collection.collecting`."""

    settings: Settings
    retention: Retention
    collector: Collector
    _uploads: Uploads
    _restricted: RestrictedStore | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        catalog: Catalog,
        *,
        unknown: bool = False,
        stalled: float | None = None,
    ) -> Self:
        """Return the cleanup of an installation, with the retention of the environment.

        Args:
            unknown: see `Collector`. stalled: see `Retention`.
        """
        retention = replace(Retention.load(), stalled=stalled)
        store = Store(settings.store, settings.home / "cache")
        collector = Collector(store, catalog, retention, unknown)
        restricted = RestrictedStore.load(settings.home / "restricted")
        return cls(settings, retention, collector, Uploads(settings.store), restricted)

    def plan(self) -> Report:
        """Look, and change nothing."""
        plan = self.collector.plan()
        home = leftovers(self.settings.home, self.retention)
        before = plan.inventory.now - self.retention.grace_seconds
        uploads = [one for one in self._uploads.listed() if one.began <= before]
        originals = Expired((), 0) if self._restricted is None else self._restricted.expired()
        return Report(
            store=redact(self.settings.store),
            stored=plan.inventory.bytes,
            runs=dict(Counter(run.reason for run in plan.live.runs).most_common()),
            versions=plan.live.versions,
            notes=tuple(self._notes(plan)),
            by_kind=_kinds(plan, home, uploads, originals),
            by_workflow=_sum(
                (plan.workflow_of.get(i.key or i.digest) or "none", i.entry.bytes)
                for i in plan.garbage
            ),
            plan=plan,
            home=tuple(home),
            uploads=tuple(uploads),
            originals=originals,
        )

    def sweep(self, report: Report) -> int:
        """Remove what the report names and nothing needs by now; return the bytes freed."""
        freed = self.collector.sweep(report.plan)
        self._uploads.end(list(report.uploads))
        if self._restricted is not None:
            self._restricted.remove(report.originals)
            freed += report.originals.bytes
        return freed + remove_leftovers(report.home)

    def _notes(self, plan: Plan) -> Iterable[str]:
        if plan.young:
            hours = f"{self.retention.grace:g} hours"
            yield f"{size(plan.young)} more that nothing needs are younger than {hours}."
        long_ago = datetime.now(UTC) - timedelta(days=_LONG)
        old = [r for r in plan.live.runs if r.reason == "running" and r.started_at < long_ago]
        if old:
            numbers = ", ".join(str(run.id) for run in old[:_NAMED])
            yield (
                f"{len(old)} runs began more than {_LONG} days ago and have not ended ({numbers}). "
                f"If they were killed, `--stalled {_LONG}` counts them as ended."
            )
        if plan.unknown and not self.collector.unknown:
            yield (
                f"{plan.unknown:,} artifacts are unknown to this catalog and stay. If no other "
                "installation uses this store, `--unknown` collects them."
            )


def _kinds(
    plan: Plan, home: Iterable[Leftover], uploads: Iterable[Upload], originals: Expired
) -> Figures:
    stored = [(f"{item.kind}s", item.entry.bytes) for item in plan.garbage]
    local = [(_LOCAL[one.kind], one.bytes) for one in home]
    # of originals the files count, as they lie: with the documents of their keys
    past = [("originals past their days", 0)] * len(originals.names)
    figures = _sum([*stored, *local, *(("unfinished uploads", 0) for _ in uploads), *past])
    if past:
        figures[past[0][0]] = (len(past), originals.bytes)
    return figures


_LOCAL = {
    "lock": "locks of this host",
    "scratch": "scratch folders of this host",
    "cache": "cached files of this host",
}


def _sum(items: Iterable[tuple[str, int]]) -> Figures:
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for name, count in items:
        counts[name] += 1
        sizes[name] += count
    order = sorted(counts, key=lambda name: (-sizes[name], name))
    return {name: (counts[name], sizes[name]) for name in order}


def _documents(figures: Figures) -> dict[str, dict[str, int]]:
    return {name: {"files": count, "bytes": total} for name, (count, total) in figures.items()}
