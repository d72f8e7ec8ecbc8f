"""The check that a bundle's three forms of one network give the same probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from millrace.artifacts.tables import Images
from millrace.errors import DataError
from millrace.learning.framework import keras, tf

LARGEST_DIFFERENCE = 1e-5  # of a probability, float32


def check_agreement(folder: Path, images: Images) -> float:
    """Read the files of a bundle back and compare their probabilities for `images`.

    Returns:
        The largest difference of a probability.

    Raises:
        DataError: two forms differ by more than `LARGEST_DIFFERENCE`.
    """
    expected = _keras(folder, images)
    largest = 0.0
    for name, probabilities in (("saved_model", _saved_model), ("model.onnx", _onnx)):
        difference = float(np.abs(probabilities(folder, images) - expected).max(initial=0))
        if not difference <= LARGEST_DIFFERENCE:
            raise DataError(
                "the exported graphs do not agree",
                where=f"model.keras and {name}",
                expected=f"probabilities within {LARGEST_DIFFERENCE:g}",
                received=difference,
                remedy="Replace the layer that cannot be exported in your model.",
            )
        largest = max(largest, difference)
    return largest


def _keras(folder: Path, images: Images) -> Any:
    return keras.models.load_model(folder / "model.keras", compile=False)(images).numpy()


def _saved_model(folder: Path, images: Images) -> Any:
    model = tf.saved_model.load(str(folder / "saved_model"))
    return model.signatures["serve"](image=tf.constant(images))["probabilities"].numpy()


def _onnx(folder: Path, images: Images) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run(["probabilities"], {"image": images})[0]
