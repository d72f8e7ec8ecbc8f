"""`stored_families`: near duplicates among clean texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from millrace.artifacts.tables import read_table
from millrace.data.near_texts.families import families
from millrace.data.near_texts.shelf import Shelf, rows_of
from millrace.data.near_texts.shingles import Numbers


def stored_families(
    cleaned: Sequence[Path], kept: Numbers, scratch: Path
) -> tuple[Numbers, Numbers]:
    """Return row numbers and their families; see `millrace.data.modality.Modality.families`."""
    shelf = Shelf(scratch)
    start = 0
    for path in cleaned:
        for table in read_table(path, ["content"]):
            chosen = table["content"].take(pa.array(rows_of(kept, start, table.num_rows)))
            for chunk in chosen.chunks:
                shelf.append(chunk.cast(pa.string()))
            start += table.num_rows
    return kept, families(shelf)
