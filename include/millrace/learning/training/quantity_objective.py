"""`QuantityObjective`: what training minimises where numbers are learnt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import keras
from millrace.workflow.learning import Training

ops = keras.ops


@dataclass(frozen=True)
class QuantityObjective:
    """Mean squared error, or half of it up to one standard deviation and linear beyond (P. Huber,
    "Robust Estimation of a Location Parameter", 1964).

    Attributes:
        value_type: of standardised numbers. counts: no record is right or wrong.
        huber: errors beyond one standard deviation count by their size.
    """

    value_type: ClassVar[str] = "float32"
    counts: ClassVar[bool] = False
    huber: bool = True

    @classmethod
    def of(cls, training: DatasetSplit, spec: Training) -> QuantityObjective:
        """Return what a spec asks for."""
        del training
        return cls(getattr(spec, "loss", "huber") == "huber")

    def __call__(self, values: Any, outputs: Any) -> Any:
        """Return the mean loss of a batch, float32, of outputs ``(batch, 1)``."""
        errors = ops.abs(ops.squeeze(outputs, -1) - values)
        squares = ops.square(errors)
        losses = ops.where(errors <= 1, squares / 2, errors - 0.5) if self.huber else squares
        return ops.mean(losses)

    def right(self, values: Any, outputs: Any) -> Any:
        """Return 0, int32."""
        del values, outputs
        return ops.zeros((), "int32")
