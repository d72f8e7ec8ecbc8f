"""The check that a bundle's three forms of one network give the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from millrace.errors import DataError
from millrace.learning.framework import keras, tf
from millrace.learning.modality import Inputs
from millrace.learning.target import Target
from millrace.learning.target_classes import ClassTarget

LARGEST_DIFFERENCE = 1e-5  # of a probability, or of a number as a share of it
_CLASSES = ClassTarget(())


def check_agreement(folder: Path, name: str, inputs: Inputs, target: Target = _CLASSES) -> float:
    """Read the files of a bundle back and compare their answers for `inputs`.

    Args:
        name: of the graphs' input. target: what they answer.

    Returns:
        The largest difference, see `Target.difference`.

    Raises:
        DataError: two forms differ by more than `LARGEST_DIFFERENCE`.
    """
    expected = _keras(folder, inputs)
    largest = 0.0
    for file, answers in (("saved_model", _saved_model), ("model.onnx", _onnx)):
        found = answers(folder, name, inputs, target.output)
        difference = target.difference(found, expected)
        if not difference <= LARGEST_DIFFERENCE:
            raise DataError(
                "the exported graphs do not agree",
                where=f"model.keras and {file}",
                expected=f"{target.output} within {LARGEST_DIFFERENCE:g}",
                received=difference,
                remedy="Replace the layer that cannot be exported in your model.",
            )
        largest = max(largest, difference)
    return largest


def _keras(folder: Path, inputs: Inputs) -> Any:
    return keras.models.load_model(folder / "model.keras", compile=False)(inputs).numpy()


def _saved_model(folder: Path, name: str, inputs: Inputs, output: str) -> Any:
    model = tf.saved_model.load(str(folder / "saved_model"))
    return model.signatures["serve"](**{name: tf.constant(inputs)})[output].numpy()


def _onnx(folder: Path, name: str, inputs: Inputs, output: str) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    return session.run([output], {name: inputs})[0]
