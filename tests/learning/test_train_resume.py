"""A killed training goes on from its last epoch and ends with the very same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from millrace.artifacts.store import Store
from millrace.jobs.keys import key_of, key_parts
from millrace.jobs.progress import document_name, read_progress
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.launch import hand_over
from millrace.jobs.stages import stage_named

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
            if json.loads(line).get("epoch") == 2:
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


@pytest.fixture
def long_job(make_dataset, params) -> tuple[Store, JobRequest]:
    """A training whose epochs take seconds, early stopping, average and random layers included."""
    dataset = make_dataset({"train": 6_000, "validation": 60, "test": 60})
    store = Store(dataset.ref.uri.rsplit("/manifests/", 1)[0])
    document = params(epochs=2, batch_size=4, learning_rate=0.001, early_stopping=5)
    parts = key_parts(stage_named("train"), document, {"dataset": [dataset.ref]})
    key = key_of(parts)
    return store, JobRequest("train", key, parts, document, {"dataset": [dataset.ref]})


def work(store: Store, request: JobRequest) -> subprocess.Popen[bytes]:
    """Start the process that every runtime starts."""
    return subprocess.Popen(
        [sys.executable, "-m", "millrace.jobs", hand_over(request, store)],
        env={**os.environ, "PYTHONPATH": str(_INCLUDE)},
    )


def interrupt(child: subprocess.Popen[bytes], store: Store, key: str) -> float:
    """Send SIGTERM within an epoch; return the seconds until the process is gone."""
    deadline = time.monotonic() + 200
    while read_progress(store, document_name(key)).get("count", 0) < 2:  # the start, and one more
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.6)
    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 143
    return time.monotonic() - began


def test_sigterm_within_an_epoch_costs_nothing_of_it(long_job, stage, tmp_path):
    from millrace.learning import train

    store, request = long_job
    with work(store, request) as child:
        assert interrupt(child, store, request.key) < 4
    assert store.load_checkpoint(request.key, "training.npz", tmp_path / "checkpoint.npz")
    with np.load(tmp_path / "checkpoint.npz") as archive:
        header = json.loads(archive["header"].tobytes())
        assert 0 < header["batches"] == len(archive["losses_0"]) <= 1_500
    with work(store, request) as child:
        assert child.wait(120) == 0
    undisturbed = train.run(stage(store.get(request.inputs["dataset"][0]), request.params).context)
    assert store.find(request.key).facts == undisturbed.facts
