"""`Objective`: what training minimises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from millrace.learning.framework import keras

ops = keras.ops


@dataclass(frozen=True)
class Objective:
    """Cross-entropy.

    Attributes:
        class_weights: factor of each class's records.
        label_smoothing: share of the target spread over all classes.
    """

    class_weights: Sequence[float]
    label_smoothing: float = 0.0

    def __call__(self, classes: Any, logits: Any) -> Any:
        """Return the mean loss of a batch, float32."""
        count = len(self.class_weights)
        target = ops.one_hot(classes, count, dtype="float32")
        target = target * (1 - self.label_smoothing) + self.label_smoothing / count
        losses = ops.categorical_crossentropy(target, logits, from_logits=True)
        weights = ops.take(ops.convert_to_tensor(self.class_weights, "float32"), classes)
        return ops.mean(losses * weights)
