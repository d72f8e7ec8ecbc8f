"""`file_tables`: RAW tables of picture files, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from millrace.data.encoding import FILE
from millrace.data.schemas import RAW
from millrace.data.sources.bounded import bounded
from millrace.data.sources.listing import LARGEST_FILE, Entry
from millrace.data.sources.partition import Partition


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture file with all that its record says of it."""

    entry: Entry
    digest: str
    label: str | None
    group: str | None = None


def batches(listed: Iterable[Listed]) -> Iterator[list[Listed]]:
    """Cut files into those of single tables: at most 8,192 of them, and about 64 MiB."""
    return bounded(listed, lambda file: _read_bytes(file.entry))


def file_table(
    partition: Partition, start: int, files: Sequence[Listed], contents: Iterable[bytes | None]
) -> pa.Table:
    """Return files as records whose positions begin at `start`."""
    names = [file.entry.name for file in files]
    columns = {
        "record_id": pa.array([f"{partition.source}/{name}" for name in names], pa.string()),
        "source": pa.repeat(partition.source, len(files)),
        "position": pa.array(np.arange(start, start + len(files))),
        "origin": pa.array(names, pa.string()),
        "group": pa.array([file.group for file in files], pa.string()),
        "label": pa.array([file.label for file in files], pa.string()),
        "content": pa.array(contents, pa.binary(), size=len(files)),
        "encoding": pa.repeat(FILE, len(files)),
    }
    return pa.table(columns, schema=RAW)


def _read_bytes(entry: Entry) -> int:
    return entry.size if entry.size <= LARGEST_FILE else 0
