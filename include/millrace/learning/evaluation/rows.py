"""Chosen rows of a record table, for people to look at, without reading the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from millrace.artifacts.tables import read_table

_BATCH = 256  # rows decoded at once


def take_rows(path: Path, rows: Iterable[int], columns: list[str]) -> list[dict[str, Any]]:
    """Return the given rows of a table file, in the given order; other row groups are not read."""
    order = list(rows)
    found: dict[int, dict[str, Any]] = {}
    start = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            wanted = sorted({row for row in order if start <= row < stop})
            if wanted:
                batches = file.iter_batches(_BATCH, row_groups=[group], columns=columns)
                found |= _pick(batches, start, wanted)
            start = stop
    return [found[row] for row in order]


def first_of_each(
    table: Path, column: str, names: Sequence[str], most: int
) -> tuple[dict[str, list[int]], Counter[str]]:
    """Return the first row numbers of each value of a column, and how often each occurs."""
    chosen: dict[str, list[int]] = {name: [] for name in names}
    counts: Counter[str] = Counter()
    start = 0
    for part in read_table(table, [column]):
        values = part[column].to_pylist()
        counts.update(values)
        for row, value in enumerate(values, start):
            if value in chosen and len(chosen[value]) < most:
                chosen[value].append(row)
        start += len(values)
    return chosen, counts


def _pick(batches: Iterable[Any], start: int, wanted: list[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for batch in batches:
        stop = start + batch.num_rows
        inside = [row for row in wanted if start <= row < stop]
        places = pa.array([row - start for row in inside], pa.int64())
        found |= zip(inside, batch.take(places).to_pylist(), strict=True)
        start = stop
    return found
