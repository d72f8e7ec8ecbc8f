"""SIGTERM ends a job's process: after a held block, and in time whatever the process does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_CHILD = Path(__file__).with_name("interrupted_child.py")
_INCLUDE = Path(__file__).parents[2] / "include"


def interrupt(kind: str) -> tuple[int, str, float]:
    """Return the exit code, the output and the seconds from SIGTERM to the end."""
    with subprocess.Popen(
        [sys.executable, str(_CHILD), kind],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_INCLUDE)},
    ) as child:
        assert child.stdout.readline() == "ready\n"
        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        output = child.stdout.read()
        return child.wait(10), output, time.monotonic() - began


def test_a_held_block_is_finished_before_the_process_leaves():
    code, output, seconds = interrupt("held")
    assert (code, output) == (143, "whole\n")
    assert seconds < 1.0


@pytest.mark.parametrize("kind", ["deaf", "repeated"])
def test_a_process_that_does_not_leave_is_ended_in_time(kind):
    code, output, seconds = interrupt(kind)
    assert (code, output) == (143, "")
    assert seconds < 2.0
