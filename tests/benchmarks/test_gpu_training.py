"""The benchmark of training on a device works with tiny sizes, on the processor too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu_training.py"


@pytest.mark.tensorflow
def test_every_side_is_measured_or_said_to_be_missing() -> None:
    sizes = ["--rows", "256", "--rounds", "1", "--batch", "64", "--width", "2"]
    done = subprocess.run(
        [sys.executable, str(_SCRIPT), *sizes],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [line[0] for line in lines] == ["millrace", "keras", "pytorch"]
    for line in lines[:2]:
        assert float(line[-2].replace(",", "")) > 0
