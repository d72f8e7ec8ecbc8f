"""`batches`: RAW tables cut so that what is kept of their decoded files stays within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.encoding import FILE
from millrace.data.picture_file import open_picture
from millrace.data.pictures.reduction import reduction
from millrace.data.pictures.seen import Asked

MOST_BYTES = 16 << 20
"""Bytes of pixels that are kept of a batch's files, at most, unless a single one has more: so few
that their memory is used again for the next batch."""

MOST_FILES = 1_024
"""Picture files of a batch, at most."""

_CHANNELS = 3


def batches(tables: Iterable[pa.Table], asked: Asked) -> Iterator[pa.Table]:
    """Yield the tables, in order; those with picture files in parts."""
    for table in tables:
        if not pc.any(pc.equal(table["encoding"], FILE)).as_py():
            yield table
            continue
        start = size = 0
        for row, kept in enumerate(_kept(table, asked)):
            if row > start and (size + kept > MOST_BYTES or row - start == MOST_FILES):
                yield table.slice(start, row - start)
                start, size = row, 0
            size += kept
        yield table.slice(start)


def _kept(table: pa.Table, asked: Asked) -> Iterator[int]:
    """Yield the bytes of pixels that will be kept of each row, by the header of its file."""
    for content, encoding in zip(table["content"], table["encoding"], strict=True):
        is_file = encoding.as_py() == FILE and content.is_valid
        yield _bytes_of(content.as_py(), asked) if is_file else 0


def _bytes_of(data: bytes, asked: Asked) -> int:
    try:
        width, height = open_picture(data).size
    except ValueError:
        return 0
    whole = width * height * _CHANNELS
    reduced = whole // reduction(height, width, asked.reduce_to) ** 2
    return reduced + (whole if asked.full else 0)
