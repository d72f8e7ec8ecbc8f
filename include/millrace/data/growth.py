"""`growth`: which partitions of each source are new, changed, gone, or as they were before.

Compares two lists of partitions and nothing else; imports neither NumPy nor Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_CONTENT = ("member", "start", "stop", "fingerprint")
_PLACE = ("member", "start")
_MOST = 5  # partitions that a sentence names


@dataclass(frozen=True)
class Growth:
    """How a source differs from what it was.

    Attributes:
        source: name. kept: number of partitions with the content that one had before.
        new, changed: numbers (`index`) of partitions; a changed one begins where one did before.
        gone: number of partitions whose content is found no more.
    """

    source: str
    kept: int
    new: tuple[int, ...]
    changed: tuple[int, ...]
    gone: int

    def __str__(self) -> str:
        parts = [f"{self.kept} as before"]
        for word, numbers in (("changed", self.changed), ("new", self.new)):
            if numbers:
                shown = ", ".join(map(str, numbers[:_MOST]))
                more = ", …" if len(numbers) > _MOST else ""
                parts.append(f"{len(numbers)} {word} ({shown}{more})")
        if self.gone:
            parts.append(f"{self.gone} gone")
        total = self.kept + len(self.new) + len(self.changed)
        return f"source {self.source}: {total} partitions: {', '.join(parts)}"


def growth(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[Growth]:
    """Compare two lists of partitions (`Partition.to_document`), source by source.

    A partition that only moved, because records came before it, is as before.
    """
    old, new = _by_source(before), _by_source(now)
    return [_compare(name, old.get(name, []), new.get(name, [])) for name in {**new, **old}]


def _compare(source: str, before: list[Mapping[str, Any]], now: list[Mapping[str, Any]]) -> Growth:
    known = {_fields(p, _CONTENT) for p in before}
    contents = {_fields(p, _CONTENT) for p in now}
    left = {_fields(p, _PLACE) for p in before if _fields(p, _CONTENT) not in contents}
    other = [p for p in now if _fields(p, _CONTENT) not in known]
    changed = [p for p in other if _fields(p, _PLACE) in left]
    new = [p for p in other if _fields(p, _PLACE) not in left]
    return Growth(
        source,
        kept=len(now) - len(other),
        new=tuple(p["index"] for p in new),
        changed=tuple(p["index"] for p in changed),
        gone=len(left) - len({_fields(p, _PLACE) for p in changed}),
    )


def _by_source(
    partitions: Iterable[Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for partition in partitions:
        found.setdefault(partition["source"], []).append(partition)
    return found


def _fields(partition: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(partition[name] for name in names)
