"""A killed training goes on from its last epoch and ends with the very same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

_CHILD = Path(__file__).with_name("train_child.py")
_INCLUDE = Path(__file__).parents[2] / "include"


@pytest.fixture
def start(trained, tmp_path):
    """Return a function that starts a child process which trains, or goes on training."""
    dataset, run, _ = trained
    store = dataset.ref.uri.rsplit("/manifests/", 1)[0]
    arguments = [store, dataset.manifest.key, json.dumps(run.context.params), str(tmp_path)]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(_CHILD), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_INCLUDE)},
        )

    return start


def test_a_killed_training_resumes_with_the_bytes_of_an_unbroken_one(start, trained, tmp_path):
    _, run, result = trained
    with start() as broken:
        for line in broken.stdout:
            if json.loads(line)["epoch"] == 2:
                break
        broken.kill()
    assert not (tmp_path / "output" / "bundle.json").exists()
    with start() as resumed:
        reports = [json.loads(line) for line in resumed.stdout]
    assert resumed.returncode == 0
    assert reports[0]["resumed_from"] in (2, 3)
    assert reports[-1]["digest"] == result.facts["network_digest"]
    for name in ("model.keras", "bundle.json", "history.json"):
        received = (tmp_path / "output" / name).read_bytes()
        assert received == (run.context.output / name).read_bytes(), name
