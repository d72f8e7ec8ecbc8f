"""Rows brought into order through several buckets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from millrace.data.integration.ordered import OrderedRows

SCHEMA = pa.schema([("value", pa.int64())])


@pytest.mark.parametrize("row_bytes", [1, 4_096, 1 << 30])
def test_rows_come_back_by_rank_over_all_buckets(tmp_path: Path, row_bytes: int) -> None:
    ranks = np.random.default_rng(0).permutation(20_000)
    ordered = OrderedRows(tmp_path / "o", SCHEMA, 20_000, row_bytes)
    for start in range(0, 20_000, 3_000):
        here = ranks[start : start + 3_000]
        ordered.add(pa.table({"value": here}), here)
    values = np.concatenate([t["value"].to_numpy() for t in ordered.read()])
    assert (values == np.arange(20_000)).all()
    part = np.concatenate([t["value"].to_numpy() for t in ordered.read(8_000, 17_000)])
    assert (part == np.arange(8_000, 17_000)).all()
    assert len(list((tmp_path / "o").glob("*.arrow"))) == {1: 1, 4096: 10, 1 << 30: 500}[row_bytes]


def test_rows_without_a_rank_are_left_out(tmp_path: Path) -> None:
    ordered = OrderedRows(tmp_path, SCHEMA, 2, 8)
    ordered.add(pa.table({"value": [10, 20, 30]}), np.array([1, -1, 0]))
    assert pa.concat_tables(ordered.read())["value"].to_pylist() == [30, 10]


def test_no_row_at_all_is_fine(tmp_path: Path) -> None:
    assert list(OrderedRows(tmp_path, SCHEMA, 0, 8).read()) == []
