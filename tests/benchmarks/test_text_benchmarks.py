"""The benchmarks of texts work with tiny sizes, on the sample that ships with Millrace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROJECT = Path(__file__).parents[2]
_HEADS = ("what", "stage", "network")
_SAMPLE = _PROJECT / "include" / "samples" / "sms.tsv"


def _figures(script: str, *options: str) -> list[list[str]]:
    """Return the cells of the rows that a benchmark prints."""
    done = subprocess.run(
        [sys.executable, str(_PROJECT / "benchmarks" / script), *options],
        env={**os.environ, "SMS": str(_SAMPLE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if "|" in line]
    return [row for row in rows if row[0] not in _HEADS and not row[0].startswith("---")]


@pytest.mark.tensorflow
def test_training_is_compared() -> None:
    sizes = ["--rows", "192", "--rounds", "1", "--networks", "text_mlp"]
    ((name, ours, theirs, wall, cpu),) = _figures("text_training.py", *sizes)
    assert name == "text_mlp"
    assert min(float(cell.replace(",", "")) for cell in (ours, theirs, wall, cpu)) > 0


@pytest.mark.tensorflow
def test_answers_are_compared() -> None:
    found = dict(_figures("text_prediction.py", "--rows", "60", "--rounds", "1"))
    assert len(found) == 8
    assert found["Millrace, Parquet to Parquet"].endswith("ours 1.00 of it")


def test_memory_is_measured() -> None:
    found = _figures("stage_memory.py", "--data", "sms", "--factors", "1", "--stages", "nothing")
    assert [(name, float(mebibytes) > 0) for name, mebibytes, _ in found] == [("nothing", True)]
