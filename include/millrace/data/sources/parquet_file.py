"""`ParquetPart`: one Parquet file of a source: its rows, and the digests of its row groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from millrace.data.sources.parquet_columns import ParquetColumns, find_columns
from millrace.data.sources.remembered import remembered
from millrace.errors import DataError

_CHUNK = 1 << 20  # bytes
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
            image = self.document["image"]
            first = None
            if image in schema.names:
                first = _first(file, image)
            found: ParquetColumns = find_columns(schema, first, self.document, self.name)
            return found

    @cached_property
    def groups(self) -> list[tuple[int, int, str]]:
        """First row, row behind the last, and the digest of the bytes, of each row group."""
        asked = ["parquet", self.document["image"], self.document["label"]]
        return [(a, b, c) for a, b, c in remembered(self.path, asked, self._digests)]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.groups[-1][1] if self.groups else 0

    def digests(self, start: int, stop: int) -> list[str]:
        """Return the digests of the row groups that hold rows `start` to `stop`."""
        return [digest for first, end, digest in self.groups if first < stop and end > start]

    def batches(self, start: int, stop: int) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield rows `start` to `stop` of the wanted columns, each batch with its first row."""
        with self._open() as file:
            for number, (first, end, _) in enumerate(self.groups):
                if first < stop and end > start:
                    yield from self._group(file, number, first, start, stop)

    def _group(
        self, file: pq.ParquetFile, number: int, first: int, start: int, stop: int
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        most = _MOST_FILES if self.columns.layout is None else _MOST_ROWS
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

    def _digests(self) -> list[tuple[int, int, str]]:
        found: list[tuple[int, int, str]] = []
        first = 0
        with self._open() as file, self.path.open("rb") as data:
            for number in range(file.metadata.num_row_groups):
                group = file.metadata.row_group(number)
                if group.num_rows < 0:
                    raise ValueError(f"row group {number} has {group.num_rows} rows")
                digest = sha256()
                for start, size in _ranges(group):
                    data.seek(start)
                    while size > 0 and (chunk := data.read(min(size, _CHUNK))):
                        digest.update(chunk)
                        size -= len(chunk)
                found.append((first, first + group.num_rows, digest.hexdigest()))
                first += group.num_rows
        return found

    @contextmanager
    def _open(self) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self.path) as file:
                yield file
        except _DAMAGED as error:
            raise DataError(
                "a Parquet file is damaged, or is none",
                where=self.name,
                received=str(error),
                remedy="Get the file again; check the source's kind and URI.",
            ) from error


def _first(file: pq.ParquetFile, image: str) -> Any:
    """Return the first value of a column that is not null, of the first rows."""
    batch = next(file.iter_batches(16, columns=[image], use_threads=False), None)
    values = [] if batch is None else batch.column(0)
    return next((value.as_py() for value in values if value.is_valid), None)


def _batch_rows(group: Any, most: int) -> int:
    size: int = max(1, group.total_byte_size // max(1, group.num_rows))
    return max(1, min(most, _MOST_BYTES // size))


def _ranges(group: Any) -> Iterator[tuple[int, int]]:
    """Yield where the bytes of each column of a row group begin, and how many they are."""
    for number in range(group.num_columns):
        column = group.column(number)
        begins = [column.data_page_offset]
        if column.dictionary_page_offset is not None:
            begins.append(column.dictionary_page_offset)
        yield max(0, min(begins)), column.total_compressed_size
