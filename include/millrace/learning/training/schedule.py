"""`WarmupSchedule`: the learning rate over all steps."""

from __future__ import annotations

import math
from typing import Any

from millrace.learning.framework import keras

ops = keras.ops
_LAST_SHARE = 0.01  # of the peak, where an exponential schedule ends


class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A linear rise to the peak, then constant, cosine to 0 or exponential to 1 % of the peak.

    Args:
        peak: largest learning rate.
        steps: of the whole training.
        warmup: share of the steps in which the rate rises.
        shape: ``constant``, ``cosine`` (Loshchilov and Hutter 2017) or ``exponential``.
    """

    def __init__(self, peak: float, steps: int, warmup: float, shape: str) -> None:
        self._peak = peak
        self._rise = max(round(warmup * steps), 0)
        self._fall = max(steps - self._rise, 1)
        self._shape = shape

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        done = ops.clip((step - self._rise) / self._fall, 0.0, 1.0)
        rise = ops.minimum((step + 1.0) / (self._rise + 1.0), 1.0)
        return self._peak * rise * self._level(done)

    def _level(self, done: Any) -> Any:
        if self._shape == "cosine":
            return 0.5 * (1.0 + ops.cos(math.pi * done))
        if self._shape == "exponential":
            return ops.exp(math.log(_LAST_SHARE) * done)
        return ops.ones_like(done)
