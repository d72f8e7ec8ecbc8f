"""Looking at a job's progress while its launcher waits."""

from __future__ import annotations

import time

import pytest

from millrace.jobs.runtimes.kubernetes.watching import watched


def test_it_looks_while_the_block_waits_and_once_at_its_end() -> None:
    looks: list[float] = []
    with watched(lambda: looks.append(time.monotonic()), 0.02):
        deadline = time.monotonic() + 10
        while len(looks) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        ended = time.monotonic()
    assert len(looks) >= 3
    assert looks[-1] >= ended


def test_it_looks_a_last_time_where_the_block_fails() -> None:
    looks: list[int] = []
    with pytest.raises(ZeroDivisionError), watched(lambda: looks.append(1), 60):
        _ = 1 / 0
    assert looks == [1]
