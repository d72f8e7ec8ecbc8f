"""`file_table`: RAW tables of files, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from millrace.data.sources.bounded import bounded
from millrace.data.sources.contents import Content, named_table
from millrace.data.sources.listing import LARGEST_FILE, Entry
from millrace.data.sources.partition import Partition


@dataclass(frozen=True, slots=True)
class Listed:
    """A file with all that its record says of it."""

    entry: Entry
    digest: str
    label: str | None
    group: str | None = None


def batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Cut files into those of single tables: at most 8,192 of them, and about 64 MiB."""
    return bounded(listed, lambda file: _read_bytes(file.entry))


def file_table(
    partition: Partition, start: int, files: Sequence[Listed], contents: Iterable[Content]
) -> pa.Table:
    """Return files as records whose positions begin at `start`."""
    names = [file.entry.name for file in files]
    return named_table(partition, start, names, names, list(contents))


def _read_bytes(entry: Entry) -> int:
    return entry.size if entry.size <= LARGEST_FILE else 0
