"""Record tables: Parquet files that are byte-stable and read a row group at a time.

A picture column holds ``(height, width, channels)`` uint8 pixels as fixed-size binary, its shape in
the schema's metadata under ``millrace.shape``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from millrace.errors import IntegrityError

ROW_GROUP = 8_192
"""Rows of a row group, at most: the unit of memory of every stage."""

GROUP_BYTES = 64 << 20
"""Bytes of pictures and contents in a row group, at most, unless a single row has more."""

_LEVEL = 3  # of Zstandard
_ITEM = 16  # bytes of an item of a list, about
_SAMPLE = 1 << 17  # bytes
_WORTH = 0.9  # of its size: a column that would keep more of it is stored as it is

Images = npt.NDArray[np.uint8]


def write_table(path: Path, schema: pa.Schema, batches: Iterable[pa.Table]) -> int:
    """Write `batches`, re-cut to full row groups; return the number of rows.

    The cut depends on the rows' order and sizes, never on how they arrive. Columns are compressed
    unless they are binary and hardly shrink, as JPEG files and the pixels of photos.
    """
    groups = _row_groups(batch.cast(schema) for batch in batches)
    first = list(islice(groups, 1))
    levels = {n: _LEVEL for n in schema.names if not first or _shrinks(first[0][n].chunk(0))}
    rows = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression={name: "zstd" if name in levels else "none" for name in schema.names},
        compression_level=levels,
        use_dictionary=_dictionaries(schema),
        write_statistics=False,
        store_schema=True,
    ) as writer:
        for table in chain(first, groups):
            writer.write_table(table, row_group_size=ROW_GROUP)
            rows += table.num_rows
    return rows


def regroup(batches: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Yield tables of exactly `rows` rows (the last may be shorter) from tables of any length."""
    waiting: list[pa.Table] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= rows:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, rows).combine_chunks()
            waiting, count = [joined.slice(rows)], count - rows
    if count:
        yield pa.concat_tables(waiting).combine_chunks()


def _row_groups(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield tables of at most `ROW_GROUP` rows and `GROUP_BYTES`, each as full as it can be."""
    waiting: list[pa.Table] = []
    rows = size = 0
    for batch in batches:
        ends = np.concatenate([[0], np.cumsum(_row_bytes(batch))])
        start = 0
        while start < batch.num_rows:
            fitting = int(np.searchsorted(ends, ends[start] + GROUP_BYTES - size, "right")) - 1
            stop = min(max(fitting, start + (rows == 0)), start + ROW_GROUP - rows, batch.num_rows)
            if stop > start:
                waiting.append(batch.slice(start, stop - start))
            rows, size = rows + stop - start, size + int(ends[stop] - ends[start])
            start = stop
            if start < batch.num_rows or rows == ROW_GROUP:
                yield pa.concat_tables(waiting).combine_chunks()
                waiting, rows, size = [], 0, 0
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()


def _row_bytes(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return the bytes of each row's binary columns, and about those of its lists."""
    sizes = np.zeros(table.num_rows, np.int64)
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_fixed_size_binary(field.type):
            sizes += field.type.byte_width
        elif pa.types.is_binary(field.type):
            sizes += pc.fill_null(pc.binary_length(column), 0).to_numpy()
        elif pa.types.is_list(field.type):
            sizes += _ITEM * pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    return sizes


def read_table(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of a table file, one at a time."""
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=columns)
    except pa.ArrowInvalid as error:
        raise IntegrityError("not a readable table", where=path, received=error) from error


def sliced(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """Yield a table in parts of at most `rows` rows; an empty one as it is."""
    for start in range(0, max(table.num_rows, 1), rows):
        yield table.slice(start, rows)


def read_schema(path: Path) -> pa.Schema:
    """Return the schema of a table file."""
    return pq.read_schema(path)


def count_rows(path: Path) -> int:
    """Return the number of rows of a table file."""
    return int(pq.read_metadata(path).num_rows)


def group_rows(path: Path) -> list[int]:
    """Return the number of rows of each row group of a table file."""
    metadata = pq.read_metadata(path)
    return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]


def read_group(path: Path, group: int, columns: list[str] | None = None) -> pa.Table:
    """Return one row group of a table file."""
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group, columns=columns)


def row_bytes(paths: Iterable[Path]) -> int:
    """Return about the bytes of a row in memory, the mean over some table files; at least 1."""
    rows = size = 0
    for path in paths:
        metadata = pq.read_metadata(path)
        rows += metadata.num_rows
        size += sum(metadata.row_group(g).total_byte_size for g in range(metadata.num_row_groups))
    return size // max(rows, 1) + 1


def image_field(name: str, shape: tuple[int, int, int]) -> pa.Field:
    """Return the field of a column of ``(height, width, channels)`` uint8 pictures."""
    height, width, channels = shape
    return pa.field(
        name,
        pa.binary(height * width * channels),
        nullable=False,
        metadata={"millrace.shape": json.dumps(list(shape))},
    )


def image_shape(schema: pa.Schema, name: str = "image") -> tuple[int, int, int]:
    """Return ``(height, width, channels)`` of a picture column."""
    metadata: dict[bytes, Any] = schema.field(name).metadata or {}
    height, width, channels = json.loads(metadata[b"millrace.shape"])
    return height, width, channels


def images_to_column(images: Images) -> pa.Array:
    """Return pictures ``(rows, height, width, channels)`` as a fixed-size binary column."""
    rows = len(images)
    size = int(np.prod(images.shape[1:]))
    data = pa.py_buffer(np.ascontiguousarray(images, dtype=np.uint8))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(size), rows, [None, data])


def column_to_images(column: pa.ChunkedArray, shape: tuple[int, int, int]) -> Images:
    """Return a picture column as ``(rows, height, width, channels)`` uint8, copied once."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # an empty column has no chunk to combine
        return np.zeros((0, *shape), np.uint8)
    size = int(np.prod(shape))
    pixels = np.frombuffer(array.buffers()[1], np.uint8, len(array) * size, array.offset * size)
    return pixels.reshape(len(array), *shape)


def _shrinks(array: pa.Array) -> bool:
    """Whether compression is worth its time, by a sample from a column's start."""
    if pa.types.is_fixed_size_binary(array.type):
        ends = np.array([0, len(array)]) + array.offset
        ends = ends * array.type.byte_width
    elif pa.types.is_binary(array.type):
        ends = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    else:
        return True
    start, stop = int(ends[0]), min(int(ends[-1]), int(ends[0]) + _SAMPLE)
    data = array.buffers()[-1]
    if data is None or start == stop:
        return True
    shrunk: bytes = pa.compress(data.slice(start, stop - start), "zstd", asbytes=True)
    return len(shrunk) <= _WORTH * (stop - start)


def _dictionaries(schema: pa.Schema) -> list[str]:
    """Return the string columns: they repeat; pictures do not."""
    return [field.name for field in schema if pa.types.is_string(field.type)]
