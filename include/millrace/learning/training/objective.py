"""`ClassObjective`: what training minimises where classes are learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from millrace.errors import DataError
from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import keras
from millrace.workflow.learning import Training

ops = keras.ops


@dataclass(frozen=True)
class ClassObjective:
    """Cross-entropy.

    Attributes:
        value_type: of classes. counts: records are right or wrong.
        class_weights: factor of each class's records.
        label_smoothing: share of the target spread over all classes.
    """

    value_type: ClassVar[str] = "int32"
    counts: ClassVar[bool] = True
    class_weights: Sequence[float]
    label_smoothing: float = 0.0

    @classmethod
    def of(cls, training: DatasetSplit, spec: Training) -> ClassObjective:
        """Return what a spec asks for; raise `DataError` for records of a single class."""
        return cls(class_weights(training, spec.class_weights), spec.label_smoothing)

    def __call__(self, values: Any, outputs: Any) -> Any:
        """Return the mean loss of a batch, float32."""
        count = len(self.class_weights)
        target = ops.one_hot(values, count, dtype="float32")
        target = target * (1 - self.label_smoothing) + self.label_smoothing / count
        losses = ops.categorical_crossentropy(target, outputs, from_logits=True)
        weights = ops.take(ops.convert_to_tensor(self.class_weights, "float32"), values)
        return ops.mean(losses * weights)

    def right(self, values: Any, outputs: Any) -> Any:
        """Return how many records were right, int32."""
        found = ops.cast(ops.argmax(outputs, 1), "int32")
        return ops.sum(ops.cast(ops.equal(found, values), "int32"))


def class_weights(training: DatasetSplit, kind: str) -> list[float]:
    """Return the factor of each class: 1, or rows / (classes x rows of the class).

    Raises:
        DataError: fewer than two classes have training records.
    """
    counts = training.class_counts()
    if np.count_nonzero(counts) < 2:
        raise DataError(
            "the training split holds a single class",
            where=f"{training.name} split",
            expected="records of at least two classes",
            received=dict(zip(training.labels, counts.tolist(), strict=True)),
            remedy="Add records of other classes, or check label_map.",
        )
    if kind == "none":
        return [1.0] * len(counts)
    weights = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return [float(weight) for weight in weights]
