"""Scores of a classifier on one side of a dataset, by the graph that will be exported."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.errors import DataError
from millrace.learning.dataset import DatasetSplit
from millrace.learning.modality import Inputs
from millrace.learning.training.engine import Predictor

_BATCH = 256  # records
_SMALLEST = 1e-12  # probability whose logarithm is still taken


class Validation:
    """Loss and accuracy on a split, which stays in memory where it fits.

    Args:
        predict: from inputs to probabilities, compiled.
        split: to score on.
        fits: bytes of inputs that are taken into memory.
    """

    def __init__(self, predict: Predictor, split: DatasetSplit, fits: int) -> None:
        self._split = split
        self._kept = [split.load()] if split.bytes <= fits else None
        self._predict = predict

    def score(self) -> tuple[float, float]:
        """Return the mean cross-entropy (nats) and the accuracy.

        Raises:
            DataError: a probability is not a number.
        """
        loss, correct = 0.0, 0
        for inputs, classes in self._kept or self._split.groups():
            probabilities = self.probabilities(inputs).astype(np.float64)
            chosen = probabilities[np.arange(len(classes)), classes]
            loss -= float(np.log(np.maximum(chosen, _SMALLEST)).sum())
            correct += int((probabilities.argmax(1) == classes).sum())
        if not np.isfinite(loss):
            raise DataError(
                "the network's output is not a number",
                where="validation",
                remedy="Lower train.learning_rate, or raise train.warmup.",
            )
        return loss / self._split.rows, correct / self._split.rows

    def probabilities(self, inputs: Inputs) -> npt.NDArray[np.float32]:
        """Return ``(rows, classes)`` for inputs ``(rows, *shape)``."""
        parts = [
            self._predict(inputs[start : start + _BATCH]) for start in range(0, len(inputs), _BATCH)
        ]
        return np.concatenate(parts)
