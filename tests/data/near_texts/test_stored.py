"""Families among stored texts: the rows that are kept, over several files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from millrace.data.near_texts.stored import stored_families

TEXT = "this is a text that is long enough to be compared with others"


def stored(folder: Path, *files: list[str]) -> list[Path]:
    paths = [folder / f"{number}.parquet" for number in range(len(files))]
    for path, texts in zip(paths, files, strict=True):
        contents = pa.array([text.encode() for text in texts], pa.binary())
        pq.write_table(pa.table({"content": contents}), path, row_group_size=2)
    return paths


def test_only_kept_rows_are_compared(tmp_path: Path) -> None:
    paths = stored(tmp_path, [TEXT, "other", f"{TEXT}!"], [], [f"{TEXT}?", "more"])
    rows, family = stored_families(paths, np.array([1, 2, 3]), tmp_path)
    assert rows.tolist() == [1, 2, 3]
    assert family.tolist() == [0, 1, 1]


def test_nothing_to_compare_is_no_family(tmp_path: Path) -> None:
    rows, family = stored_families(stored(tmp_path, [TEXT]), np.zeros(0, np.int64), tmp_path)
    assert len(rows) == len(family) == 0
