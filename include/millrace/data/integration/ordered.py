"""`OrderedRows`: rows brought into a given order through buckets on disk, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.spill import Spill

_BUCKET = 32 << 20  # bytes that a bucket aims at
_MOST_BUCKETS = 512  # open files

Ranks = npt.NDArray[np.int64]


class OrderedRows:
    """Takes tables in any order and gives their rows back by rank.

    Args:
        scratch: folder for the buckets.
        schema: of the tables.
        ranks: the place of every row, in the order in which rows will be added; 0, 1, 2, … with
            none left out, and -1 for rows to drop.
        row_bytes: about the size of a row; decides the size of a bucket.
    """

    def __init__(self, scratch: Path, schema: pa.Schema, ranks: Ranks, row_bytes: int) -> None:
        self._ranks = ranks
        self._added = 0
        self._schema = schema
        rows = int(ranks.max(initial=-1)) + 1
        self._bucket_rows = max(_BUCKET // max(row_bytes, 1), -(-rows // _MOST_BUCKETS), 1)
        stored = schema.append(pa.field("rank", pa.int64()))
        scratch.mkdir(parents=True, exist_ok=True)
        self._buckets = [
            Spill(scratch / f"{number}.arrow", stored)
            for number in range(-(-rows // self._bucket_rows))
        ]

    def add(self, table: pa.Table) -> None:
        """Take the next rows."""
        ranks = self._ranks[self._added : self._added + table.num_rows]
        self._added += table.num_rows
        ranked = table.append_column("rank", pa.array(ranks))
        buckets = np.where(ranks < 0, -1, ranks // self._bucket_rows)
        for number in np.unique(buckets[buckets >= 0]).tolist():
            chosen = buckets == number
            part = ranked if chosen.all() else ranked.filter(pa.array(chosen))
            self._buckets[number].append(part)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[pa.Table]:
        """Yield the rows of rank `start` to `stop` (excluded), in order; ends the adding."""
        stop = len(self._buckets) * self._bucket_rows if stop is None else stop
        for number, bucket in enumerate(self._buckets):
            first = number * self._bucket_rows
            low, high = max(start - first, 0), min(stop - first, self._bucket_rows)
            if low < high:
                yield self._sorted(bucket, low, high)

    def _sorted(self, bucket: Spill, low: int, high: int) -> pa.Table:
        table = pa.concat_tables(list(bucket.tables()))
        order = np.argsort(table["rank"].to_numpy())[low:high]
        return table.select(self._schema.names).take(pa.array(order))
