"""`OrderedRows`: rows brought into a given order through buckets on disk, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.spill import Spill

_BUCKET = 8 << 20  # bytes of rows that are sorted at once, about
_MOST_BUCKETS = 512  # open files; of more than 4 GiB, buckets are cut into buckets again
_ROWS = 4_096  # that are given at once

Ranks = npt.NDArray[np.int64]


class OrderedRows:
    """Takes tables in any order and gives their rows back by rank.

    Args:
        scratch: folder for the buckets.
        schema: of the tables.
        rows: number of ranks: 0, 1, 2, … with none left out.
        row_bytes: about the size of a row; decides the size of a bucket.
    """

    def __init__(self, scratch: Path, schema: pa.Schema, rows: int, row_bytes: int) -> None:
        self._scratch, self._schema, self._row_bytes = scratch, schema, row_bytes
        self._sortable = max(_BUCKET // max(row_bytes, 1), 1)
        self._bucket_rows = max(self._sortable, -(-rows // _MOST_BUCKETS))
        stored = schema.append(pa.field("rank", pa.int64()))
        scratch.mkdir(parents=True, exist_ok=True)
        self._buckets = [
            Spill(scratch / f"{number}.arrow", stored)
            for number in range(-(-rows // self._bucket_rows))
        ]

    def add(self, table: pa.Table, ranks: Ranks) -> None:
        """Take rows with their ranks; a row of rank -1 is dropped."""
        buckets = np.where(ranks < 0, -1, ranks // self._bucket_rows)
        numbers, counts = np.unique(buckets, return_counts=True)
        ranked = table.append_column("rank", pa.array(ranks))
        if len(numbers) > 1:
            ranked = ranked.take(pa.array(np.argsort(buckets, kind="stable")))
        start = 0
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number >= 0:
                self._buckets[number].append(ranked.slice(start, count))
            start += count
        pa.default_memory_pool().release_unused()

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[pa.Table]:
        """Yield the rows of rank `start` to `stop` (excluded), in order; ends the adding."""
        stop = len(self._buckets) * self._bucket_rows if stop is None else stop
        for bucket in self._buckets:
            bucket.close()
        for number, bucket in enumerate(self._buckets):
            first = number * self._bucket_rows
            low, high = max(start - first, 0), min(stop - first, self._bucket_rows)
            if low < high and self._bucket_rows > self._sortable:
                yield from self._cut_again(number, bucket).read(low, high)
            elif low < high:
                yield from self._sorted(bucket, low, high)

    def _cut_again(self, number: int, bucket: Spill) -> OrderedRows:
        scratch, first = self._scratch / str(number), number * self._bucket_rows
        inner = OrderedRows(scratch, self._schema, bucket.rows, self._row_bytes)
        for table in bucket.tables():
            ranks = table["rank"].to_numpy() - first
            inner.add(table.select(self._schema.names), ranks)
        return inner

    def _sorted(self, bucket: Spill, low: int, high: int) -> Iterator[pa.Table]:
        table = pa.concat_tables(bucket.tables()).combine_chunks()
        order = np.argsort(table["rank"].to_numpy())[low:high]
        rows = table.select(self._schema.names)
        for start in range(0, len(order), _ROWS):
            yield rows.take(pa.array(order[start : start + _ROWS]))
            pa.default_memory_pool().release_unused()
