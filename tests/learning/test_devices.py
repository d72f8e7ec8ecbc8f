"""Which devices train: GPUs that are missing, and several devices against one."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from millrace.errors import SpecError
from millrace.workflow.learning import Training
from picture_sides import picture_side

pytestmark = pytest.mark.tensorflow

_CHILD = Path(__file__).with_name("devices_child.py")
_INCLUDE = Path(__file__).parents[2] / "include"
TRAIN = {
    "epochs": 2,
    "batch_size": 32,
    "learning_rate": 0.0003,
    "average_weights": 0.9,
    "weight_decay": 0.01,
}


@pytest.fixture
def no_gpu(monkeypatch):
    """Hide the GPUs of the machine, if it has some."""
    from millrace.learning.framework import tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])


def test_a_gpu_that_cannot_be_seen_is_refused_and_the_error_says_how_to_get_one(no_gpu):
    from millrace.learning.devices import take_devices

    with pytest.raises(SpecError, match=r"no GPU can be seen.*millrace-trainer:gpu.*without_gpu"):
        take_devices({"gpus": 1, "without_gpu": "fail"})


def test_training_falls_back_to_the_processor_where_the_spec_says_so(no_gpu, caplog):
    from millrace.learning.devices import peak_memory, take_devices

    with caplog.at_level(logging.WARNING):
        assert take_devices({"gpus": 2, "without_gpu": "cpu"}) == ()
    assert "2 asked for, 0 seen" in caplog.text
    assert peak_memory(()) is None


def test_fewer_gpus_than_asked_for_are_said_as_such(monkeypatch):
    from millrace.learning.devices import take_devices
    from millrace.learning.framework import tf

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one"])
    with pytest.raises(SpecError, match=r"fewer GPUs.*expected 4.*received 1"):
        take_devices({"gpus": 4})


@pytest.mark.parametrize(
    ("options", "field"),
    [({"xla": True}, "xla"), ({"precision": "float16"}, "precision"), ({"batch_size": 1}, "batch")],
)
def test_what_several_devices_cannot_do_is_refused(options, field):
    from millrace.learning.training.mirrored import mirrored

    with pytest.raises(SpecError, match=rf"train\.{field}"):
        mirrored(("CPU:0", "CPU:1"), Training(**options), 100)
    assert mirrored(("CPU:0",), Training(**options), 100) is None


def test_two_devices_train_as_one_does_also_when_interrupted(dataset, stage, tmp_path):
    from millrace.learning.framework import make_deterministic
    from millrace.learning.training.build import build_trainer

    params = {"store": dataset.ref.uri.rsplit("/manifests/", 1)[0], "key": dataset.manifest.key}
    arguments = [str(tmp_path), json.dumps({**params, "train": TRAIN})]
    broken = child(*arguments, "2")
    assert broken.returncode == 143
    resumed = json.loads(child(*arguments, "0").stdout)
    assert resumed["said"][0]["resumed_from"] == 0
    assert 2 <= resumed["said"][0]["batch"] < 8
    make_deterministic(7)
    sides = [picture_side(dataset, name) for name in ("train", "validation")]
    trainer, _ = build_trainer(_module().task(sides, TRAIN, ()))
    progress = trainer.fit(stage(dataset, {}).context)
    for one, two in zip(progress.history, resumed["history"], strict=True):
        assert two == pytest.approx(one, rel=1e-5)
    for one, two in zip(trainer.twin.get_weights(), resumed["weights"], strict=True):
        np.testing.assert_allclose(two, one, atol=1e-5)


def child(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the child to its end."""
    return subprocess.run(
        [sys.executable, str(_CHILD), *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PYTHONPATH": str(_INCLUDE)},
    )


def _module():
    sys.path.append(str(_CHILD.parent))
    spec = importlib.util.spec_from_file_location("devices_child", _CHILD)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
