"""`ParquetPart`: one Parquet file of a source, its rows a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from millrace.data.sources.damage import is_damage
from millrace.data.sources.parquet_columns import IMAGE, ParquetColumns, find_columns
from millrace.errors import DataError

_MOST_ROWS = 8_192
_MOST_FILES = 256  # picture files at once: equal ones are stored once, so sizes tell too little
_MOST_BYTES = 64 << 20
_DAMAGED = (
    *(pa.ArrowException, OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError),
    *(OverflowError, MemoryError),
)


@dataclass(frozen=True)
class ParquetPart:
    """A file.

    Attributes:
        path: of the file. name: what errors call it. member: its place in a folder, or null.
        document: values of `ParquetSource`.
    """

    path: Path
    name: str
    member: str | None
    document: Mapping[str, Any]

    @cached_property
    def columns(self) -> ParquetColumns:
        """What the columns are, told by the schema and the first value."""
        with self._open() as file:
            schema = file.schema_arrow
            image = self.document["image"] or IMAGE
            pictures = self.document["text"] is None and not self.document["rows"]
            first = _first(file, image) if pictures and image in schema.names else None
            found: ParquetColumns = find_columns(schema, first, self.document, self.name)
            return found

    @cached_property
    def groups(self) -> list[tuple[int, int]]:
        """First row, and the row behind the last, of each row group.

        Of the metadata only the rows are asked for: pyarrow ends the process where it meets damage
        in those of a column.
        """
        with self._open() as file:
            numbers = range(file.metadata.num_row_groups)
            sizes = [file.metadata.row_group(number).num_rows for number in numbers]
        if any(size < 0 for size in sizes):
            raise self._damaged("a row group of less than no rows")
        ends = list(accumulate(sizes))
        return list(zip([0, *ends], ends, strict=False))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.groups[-1][1] if self.groups else 0

    def batches(self, start: int, stop: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield rows `start` to `stop` of the wanted columns, each batch with its first row."""
        reached = start
        with self._open() as file:
            for number, (first, end) in enumerate(self.groups):
                if first < stop and end > start:
                    for place, batch in self._group(file, number, first, start, stop):
                        if place == reached:  # else a row group before is not as long as it says
                            yield place, batch
                            reached += batch.num_rows
        if reached != stop:
            raise self._damaged(f"rows up to {reached:,} only, of {stop:,}")

    def _group(
        self, file: pq.ParquetFile, number: int, first: int, start: int, stop: int
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        most = _MOST_FILES if self.columns.holds_files else _MOST_ROWS
        rows = _batch_rows(file.metadata.row_group(number), most)
        for batch in file.iter_batches(
            rows, row_groups=[number], columns=self.columns.wanted, use_threads=False
        ):
            begin = min(max(0, start - first), batch.num_rows)
            kept = batch.slice(begin, max(0, min(stop - first, batch.num_rows) - begin))
            if kept.num_rows:
                kept.validate(full=True)
                yield first + begin, kept
            first += batch.num_rows
            if first >= stop:
                return

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self.path) as file:
                yield file
        except _DAMAGED as error:
            if not is_damage(error):
                raise
            raise self._damaged(str(error)) from error

    def _damaged(self, received: str) -> DataError:
        return DataError(
            "a Parquet file is damaged, or is none",
            where=self.name,
            received=received,
            remedy="Get the file again; check the source's kind and URI.",
        )


def _first(file: pq.ParquetFile, image: str) -> Any:
    """Return the first value of a column that is not null, of the first rows."""
    batch = next(file.iter_batches(16, columns=[image], use_threads=False), None)
    values = [] if batch is None else batch.column(0)
    return next((value.as_py() for value in values if value.is_valid), None)


def _batch_rows(group: Any, most: int) -> int:
    size: int = max(1, group.total_byte_size // max(1, group.num_rows))
    return max(1, min(most, _MOST_BYTES // size))
