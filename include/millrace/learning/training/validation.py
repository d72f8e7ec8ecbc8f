"""Scores of a model on one side of a dataset, by the graph that will be exported."""

from __future__ import annotations

import numpy as np

from millrace.errors import DataError
from millrace.learning.dataset import DatasetSplit
from millrace.learning.modality import Inputs
from millrace.learning.target import Answers
from millrace.learning.training.engine import Predictor
from millrace.workflow.learning import Training

_BATCH = 256  # records


class Validation:
    """Loss and score on a split, which stays in memory where it fits.

    Args:
        predict: from inputs to answers, compiled.
        split: to score on.
        fits: bytes of inputs that are taken into memory.
        spec: of the training, whose loss it is.
    """

    def __init__(self, predict: Predictor, split: DatasetSplit, fits: int, spec: Training) -> None:
        self._spec = spec
        self._split = split
        self._kept = [split.load()] if split.bytes <= fits else None
        self._predict = predict

    def score(self) -> tuple[float, float]:
        """Return the mean loss and the target's score, for example the accuracy.

        Raises:
            DataError: an answer is not a number.
        """
        scorer = self._split.target.scorer(self._spec)
        for inputs, values in self._kept or self._split.groups():
            scorer.add(self.answers(inputs), values)
        loss, score = scorer.scores()
        if not np.isfinite(loss):
            raise DataError(
                "the network's output is not a number",
                where="validation",
                remedy="Lower train.learning_rate, or raise train.warmup.",
            )
        return loss, score

    def answers(self, inputs: Inputs) -> Answers:
        """Return ``(rows, *target.shape)`` for inputs ``(rows, *shape)``."""
        parts = [
            self._predict(inputs[start : start + _BATCH]) for start in range(0, len(inputs), _BATCH)
        ]
        return np.concatenate(parts)
