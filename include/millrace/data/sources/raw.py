"""`pixel_table`: a RAW table of pictures that a source holds, made without a row loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import Images
from millrace.data.encoding import PixelEncoding
from millrace.data.schemas import RAW
from millrace.data.sources.partition import Partition

_MOST_ROWS = 8_192
_MOST_BYTES = 64 << 20


def spans(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut the positions `start` to `stop` into those of single tables.

    Args:
        size: bytes of a record. A table has at most 8,192 rows and about 64 MiB.
    """
    rows = max(1, min(_MOST_ROWS, _MOST_BYTES // max(size, 1)))
    for first in range(start, stop, rows):
        yield first, min(first + rows, stop)


def pixel_table(
    partition: Partition,
    start: int,
    images: Images,
    labels: Sequence[str | None] | pa.Array | None,
    file: str,
    *,
    maximum: int = 255,
    locator: str = "",
) -> pa.Table:
    """Return pictures ``(rows, height, width, channels)`` as records.

    Args:
        start: position of the first picture in its file.
        labels: one a picture; None where the source has none.
        file: name, without folders, that origins show.
        maximum: the pixels' white.
        locator: stands before the position in record ids, for a source of several files.
    """
    encoding = pa.repeat(str(PixelEncoding.of(images, maximum)), len(images))
    content = binary_column(images.reshape(len(images), -1))
    return record_table(partition.source, start, content, encoding, labels, file, locator=locator)


def record_table(
    source: str,
    start: int,
    content: pa.Array,
    encoding: pa.Array,
    labels: Sequence[str | None] | pa.Array | None,
    file: str,
    *,
    locator: str = "",
    groups: Sequence[str | None] | None = None,
) -> pa.Table:
    """Return contents of the given encodings as records of a source; the rest: `pixel_table`."""
    rows = len(content)
    positions = pa.array(np.arange(start, start + rows))
    digits = pc.cast(positions, pa.string())
    prefix = f"{source}/{locator}"
    columns = {
        "record_id": join(prefix, pc.utf8_lpad(digits, 9, "0")),
        "source": pa.repeat(source, rows),
        "position": positions,
        "origin": join(f"{file}#", digits),
        "group": _names(groups, rows),
        "label": _names(labels, rows),
        "content": content,
        "encoding": encoding,
    }
    return pa.table(columns, schema=RAW)


def _names(names: Sequence[str | None] | pa.Array | None, rows: int) -> pa.Array:
    return pa.nulls(rows, pa.string()) if names is None else pa.array(names, pa.string())


def join(prefix: str, texts: pa.Array) -> pa.Array:
    """Return `texts`, each behind `prefix`."""
    return pc.binary_join_element_wise(pa.scalar(prefix), texts, "")


def binary_column(rows: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> pa.Array:
    """Return the rows of a uint8 matrix as a binary column, without a copy where it is in order."""
    count, size = rows.shape
    offsets = np.arange(count + 1, dtype=np.int64) * size
    if offsets[-1] > np.iinfo(np.int32).max:
        return pa.array((row.tobytes() for row in rows), pa.binary(), size=count)
    data = pa.py_buffer(np.ascontiguousarray(rows))
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), data]
    return pa.BinaryArray.from_buffers(pa.binary(), count, buffers)


def with_origins(table: pa.Table, file: str, first: int) -> pa.Table:
    """Return `table` with origins of `file` that count up from `first`, such as lines."""
    numbers = pa.array(np.arange(first, first + table.num_rows))
    origins = join(f"{file}#", pc.cast(numbers, pa.string()))
    return table.set_column(table.schema.get_field_index("origin"), table.field("origin"), origins)
