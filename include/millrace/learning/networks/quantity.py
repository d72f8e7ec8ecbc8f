"""`answered`: from what a network learnt of a number to the number itself, as layers.

They compute in double precision, so that large numbers keep the digits that the network gives them;
where the framework has none (JAX), in single.
"""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import BACKEND, keras
from millrace.learning.target_quantity import LARGEST_LOGARITHM, QuantityTarget

ops = keras.ops

_DOUBLE = "float64" if BACKEND == "tensorflow" else "float32"


def answered(outputs: Any, target: QuantityTarget) -> Any:
    """Return numbers in the target's unit ``(batch,)`` of a network's outputs ``(batch, 1)``."""
    x = (ops.cast(ops.squeeze(outputs, -1), _DOUBLE) + target.shift) * target.scale
    if target.quantity.transform == "log":
        x = ops.exp(ops.minimum(x, LARGEST_LOGARITHM))
    return ops.clip(x, *target.quantity.limits)
