"""The same network, augmentation, objective and optimizer on Keras' JAX backend."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("jax") is None:
    pytest.skip("JAX is not installed: it is no part of the product", allow_module_level=True)

_CHILD = Path(__file__).with_name("jax_child.py")
_INCLUDE = Path(__file__).parents[2] / "include"


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_the_shared_code_trains_on_jax_and_resumes(precision, dataset, tmp_path):
    store = dataset.ref.uri.rsplit("/manifests/", 1)[0]
    environment = {"MILLRACE_KERAS_BACKEND": "jax", "PYTHONPATH": str(_INCLUDE)}
    done = subprocess.run(
        [sys.executable, str(_CHILD), str(tmp_path), store, dataset.manifest.key, precision],
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
        env={**os.environ, **environment},
    )
    said = json.loads(done.stdout)
    assert said["backend"] == "jax"
    assert not said["tensorflow"]
    assert said["resumed"] == said["unbroken"]
    assert said["unbroken"][-1]["validation_accuracy"] > 0.9
