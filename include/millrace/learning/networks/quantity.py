"""`answered`: from what a network learnt of a number to the number itself, as layers.

They compute in double precision, so that large numbers keep the digits that the network gives them;
where the framework has none (JAX), in single.
"""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras
from millrace.learning.target_quantity import LARGEST_LOGARITHM, QuantityTarget

ops = keras.ops


def answered(outputs: Any, target: QuantityTarget) -> Any:
    """Return numbers in the target's unit ``(batch,)`` of a network's outputs ``(batch, 1)``."""
    back = keras.layers.Rescaling(target.scale, target.offset, dtype="float64", name="unit")
    x = back(ops.squeeze(outputs, -1))
    if target.quantity.transform == "log":
        x = ops.exp(ops.minimum(x, LARGEST_LOGARITHM))
    return ops.clip(x, *target.quantity.limits)
