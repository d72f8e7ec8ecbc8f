"""`Neighbours`: the slices that lie above and below others in their series, in bounded memory.

Where slices lie is read first, without their contents. Contents of neighbours are then read with
those they belong to, so a series may be of any length, in any order, and mixed with others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import group_rows, read_group, read_table
from millrace.data.scans.encoding import HOUNSFIELD, HounsfieldEncoding
from millrace.data.scans.slices import Slice, clean_slices

REACH = 0.5
"""Of the wanted distance: how far from the wanted place a neighbour may lie."""

_SLACK = 1e-3  # mm: places are stored to 4 decimals
_COLUMNS = ["record_id", "source", "origin", "group", "encoding"]
_CONTENT = ["content", "encoding"]

Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]
_Series = tuple[object, ...]


class Neighbours:
    """The neighbours of the slices of a file of clean records; see `NeighbourChannel` of the spec.

    Args:
        path: of the records. distances: that are wanted, millimetres, one a channel.
    """

    def __init__(self, path: Path, distances: Sequence[float]) -> None:
        self._path = path
        self._none = [-1] * len(distances)
        self._starts = np.cumsum([0, *group_rows(path)])
        self._near: dict[str, list[int]] = {}
        ids, series = _listed(path)
        for rows, places in series:
            near = np.stack([nearest(places, distance) for distance in distances], axis=1)
            for row, found in zip(rows.tolist(), near, strict=True):
                if (found >= 0).any():
                    self._near[ids[row]] = np.where(found < 0, -1, rows[found]).tolist()

    def of(self, record_ids: Sequence[str]) -> list[list[Slice | None]]:
        """Return the neighbours of each record, one a distance; None where there is none."""
        near = [self._near.get(name, self._none) for name in record_ids]
        slices = self._read({row for found in near for row in found if row >= 0})
        return [[slices.get(row) for row in found] for found in near]

    def _read(self, wanted: set[int]) -> dict[int, Slice]:
        """Return slices by their row, reading one row group after the other."""
        rows = np.array(sorted(wanted), np.int64)
        groups = np.searchsorted(self._starts, rows, side="right") - 1
        found: dict[int, Slice] = {}
        for group in np.unique(groups).tolist():
            here = rows[groups == group]
            places = pa.array(here - self._starts[group])
            table = read_group(self._path, group, _CONTENT).take(places)
            found.update(zip(here.tolist(), clean_slices(table), strict=True))
        return found


def nearest(places: Places, distance: float) -> Rows:
    """Return of each slice of a series which one lies nearest to `distance` from it; -1 is none.

    Of several at one place, the one next to it in the series is taken.

    Args:
        places: of the slices, millimetres, in the series' order. distance: that is wanted.
    """
    order = np.lexsort((np.arange(len(places)), places))
    ascending = places[order]
    found = np.full(len(places), -1, np.int64)
    for number, at in enumerate(places.tolist()):
        wanted = at + distance
        behind = int(np.searchsorted(ascending, wanted))
        beside = ascending[max(behind - 1, 0) : behind + 1]
        place = min(beside.tolist(), key=lambda one: (abs(one - wanted), abs(one - at)))
        if abs(place - wanted) <= REACH * abs(distance) + _SLACK:
            first = np.searchsorted(ascending, place)
            last = np.searchsorted(ascending, place, side="right")
            found[number] = _next_to(order[first:last], number)
    return found


def _next_to(ascending: Rows, number: int) -> int:
    """Return which of some numbers is next to one; the smaller where two are."""
    behind = int(np.searchsorted(ascending, number))
    beside: list[int] = ascending[max(behind - 1, 0) : behind + 1].tolist()
    return min(beside, key=lambda one: abs(one - number))


def _listed(path: Path) -> tuple[dict[int, str], Iterator[tuple[Rows, Places]]]:
    """Return the ids of slices whose place is known, by row, and series by series their rows and
    places, in millimetres.
    """
    ids: dict[int, str] = {}
    series: defaultdict[_Series, list[tuple[int, float]]] = defaultdict(list)
    row = 0
    for table in read_table(path, _COLUMNS):
        for record, source, origin, group, encoding in zip(
            *(table[name].to_pylist() for name in _COLUMNS), strict=True
        ):
            known = _series(source, origin, group, encoding)
            if known is not None:
                ids[row] = record
                series[known[0]].append((row, known[1]))
            row += 1
    return ids, (
        (np.array([r for r, _ in found], np.int64), np.array([p for _, p in found], np.float64))
        for found in series.values()
        if len(found) > 1
    )


def _series(
    source: str, origin: str, group: str | None, encoding: str
) -> tuple[_Series, float] | None:
    """Return the series of a record and its place in it; None where one of them is unknown.

    A record's origin begins with its series, as `millrace.data.sources.dicom_records` names it. A
    record without a group has no neighbours: they could be on the other side of the split.
    """
    name, inside, _ = origin.partition("/")
    if not inside or group is None or not encoding.startswith(HOUNSFIELD):
        return None
    known = HounsfieldEncoding.parse(encoding)
    if known.place is None:
        return None
    layout = known.height, known.width, known.spacing[:2]
    return (source, group, name, *layout), known.place
