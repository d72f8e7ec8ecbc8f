"""Master keys of a store: which ones its data keys need, and their exchange without touching data.

A data key's document is replaced as a whole by one that the current master key wraps. Killed at any
moment it leaves a store that opens with the old and the new key together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from millrace.artifacts.backend import Backend
from millrace.artifacts.sealing.master_keys import MasterKeys, master_of
from millrace.artifacts.sealing.vault import KEY_SUFFIX, Vault
from millrace.errors import IntegrityError, MillraceError, SpecError

AREAS = ("sealed", "originals")
"""Folders with sealed files and the documents of their data keys."""

_BOXES = ("checkpoints",)  # sealed files that carry their own document, and live shortly
_AT_ONCE = 8  # documents that are on their way
_SHOWN = 5  # names of an error


@dataclass(frozen=True)
class KeyState:
    """What the data keys of a store need.

    Attributes:
        documents: number by the fingerprint of the master key that wrapped them.
        known: fingerprints of the master keys known here, the current one first.
        wrong: names of documents that are damaged, or that a known key does not open.
        checkpoints: encrypted checkpoints of unfinished trainings; each carries its key, which
            rotation does not change.
    """

    documents: Mapping[str, int]
    known: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    checkpoints: int = 0

    @property
    def missing(self) -> dict[str, int]:
        """Number of documents by the master keys that are not known here."""
        return {name: count for name, count in self.documents.items() if name not in self.known}

    @property
    def good(self) -> bool:
        """Whether everything can be opened."""
        return not self.wrong and not self.missing


@dataclass
class _Seen:
    documents: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def check(backend: Backend, keys: MasterKeys) -> KeyState:
    """Open every data key of a store, and change nothing."""
    seen = _Seen()

    def look(name: str) -> None:
        data = backend.read(name)
        if data is None:  # collected meanwhile
            return
        try:
            master = master_of(data, name)
            seen.documents[master] += 1
            if master in keys.keys:
                keys.unwrap(data, name.removesuffix(KEY_SUFFIX), name)
        except MillraceError:
            seen.wrong.append(name)

    _each(look, _documents(backend))
    boxes = [one for area in _BOXES for one in backend.names(area) if one.endswith(".sealed")]
    return KeyState(
        dict(seen.documents.most_common()), tuple(keys.keys), tuple(sorted(seen.wrong)), len(boxes)
    )


def rotate(backend: Backend, keys: MasterKeys, folder: Path) -> int:
    """Wrap every data key by the current master key; return how many documents were changed.

    Args:
        keys: with the old ones. folder: local, for nothing that stays.

    Raises:
        SpecError: a document needs a master key that is not known here; the others are changed.
        IntegrityError: a document is damaged; the others are changed.
    """
    current = keys.current
    vault = Vault(backend, AREAS[0], folder, lambda: keys)
    failed: list[tuple[str, MillraceError]] = []
    changed: list[str] = []

    def wrap(name: str) -> None:
        try:
            data = backend.read(name)
            if data is not None and master_of(data, name) != current:
                vault.rewrap(name.removesuffix(KEY_SUFFIX))
                changed.append(name)
        except (SpecError, IntegrityError) as error:
            failed.append((name, error))

    _each(wrap, _documents(backend))
    if failed:
        _, error = min(failed, key=lambda one: one[0])
        raise type(error)(
            f"{len(failed):,} data keys could not be wrapped anew; {len(changed):,} were",
            where=", ".join(sorted(name for name, _ in failed)[:_SHOWN]),
            received=str(error),
            remedy=error.remedy,
        ) from error
    return len(changed)


def _documents(backend: Backend) -> Iterator[str]:
    for area in AREAS:
        yield from (name for name in backend.names(area) if name.endswith(KEY_SUFFIX))


def _each(work: Callable[[str], None], names: Iterator[str]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(work, list(names)))
