"""The check that a bundle's three forms of one network give the same probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from millrace.errors import DataError
from millrace.learning.framework import keras, tf
from millrace.learning.modality import Inputs

LARGEST_DIFFERENCE = 1e-5  # of a probability, float32


def check_agreement(folder: Path, name: str, inputs: Inputs) -> float:
    """Read the files of a bundle back and compare their probabilities for `inputs`.

    Args:
        name: of the graphs' input.

    Returns:
        The largest difference of a probability.

    Raises:
        DataError: two forms differ by more than `LARGEST_DIFFERENCE`.
    """
    expected = _keras(folder, inputs)
    largest = 0.0
    for file, probabilities in (("saved_model", _saved_model), ("model.onnx", _onnx)):
        difference = float(np.abs(probabilities(folder, name, inputs) - expected).max(initial=0))
        if not difference <= LARGEST_DIFFERENCE:
            raise DataError(
                "the exported graphs do not agree",
                where=f"model.keras and {file}",
                expected=f"probabilities within {LARGEST_DIFFERENCE:g}",
                received=difference,
                remedy="Replace the layer that cannot be exported in your model.",
            )
        largest = max(largest, difference)
    return largest


def _keras(folder: Path, inputs: Inputs) -> Any:
    return keras.models.load_model(folder / "model.keras", compile=False)(inputs).numpy()


def _saved_model(folder: Path, name: str, inputs: Inputs) -> Any:
    model = tf.saved_model.load(str(folder / "saved_model"))
    return model.signatures["serve"](**{name: tf.constant(inputs)})["probabilities"].numpy()


def _onnx(folder: Path, name: str, inputs: Inputs) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run(["probabilities"], {name: inputs})[0]
