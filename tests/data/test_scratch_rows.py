"""Rows of numbers on disk: what is asked for comes back, and nothing else stays in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from millrace.data.scratch_rows import ScratchRows

ROWS = 200_000


@pytest.fixture
def wide(tmp_path: Path) -> ScratchRows:
    """Return rows of 40 bytes, in three parts, longer than a window."""
    rows = ScratchRows(tmp_path / "wide", np.uint32, 10)
    for part in np.array_split(np.arange(ROWS * 10, dtype=np.uint32).reshape(-1, 10), 3):
        rows.append(part)
    return rows


@pytest.mark.parametrize("step", [1, 7, 50_000, ROWS])
def test_chosen_rows_come_back_in_order(wide: ScratchRows, step: int) -> None:
    numbers = np.arange(0, ROWS, step)
    found = wide.take(numbers)
    assert found.dtype == np.uint32
    assert (found == 10 * numbers[:, np.newaxis] + np.arange(10)).all()


def test_all_rows_come_back(wide: ScratchRows) -> None:
    assert wide.read().shape == (ROWS, 10)
    assert wide.take(np.array([ROWS - 1]))[0, -1] == 10 * ROWS - 1


def test_values_are_rows_without_a_width(tmp_path: Path) -> None:
    rows = ScratchRows(tmp_path / "values", np.uint16)
    rows.append(np.array([3, 1, 4], np.int64))
    assert rows.take(np.array([0, 2])).tolist() == [3, 4]
    assert rows.read().tolist() == [3, 1, 4]


def test_no_row_can_be_asked_for_where_there_is_none(tmp_path: Path) -> None:
    rows = ScratchRows(tmp_path / "none", np.uint64, 3)
    rows.append(np.zeros((0, 3)))
    assert rows.take(np.zeros(0, np.int64)).shape == (0, 3)
    assert rows.read().shape == (0, 3)


def test_a_file_of_before_is_forgotten(tmp_path: Path) -> None:
    ScratchRows(tmp_path / "again", np.uint8).append(np.ones(5))
    assert len(ScratchRows(tmp_path / "again", np.uint8).read()) == 0


def test_what_was_read_leaves_memory(tmp_path: Path) -> None:
    rows = ScratchRows(tmp_path / "large", np.uint64, 1_024)
    for _ in range(8):
        rows.append(np.ones((1_024, 1_024), np.uint64))
    before = mapped()
    assert rows.take(np.arange(0, 8_192, 512)).sum() == 16 * 1_024
    assert mapped() - before < 8 << 20
    assert all((rows.take(np.arange(n, 8_192, 64)) == 1).all() for n in range(4))
    assert mapped() - before < 8 << 20


def mapped() -> int:
    """Return the bytes of files that are resident in this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("RssFile"))
