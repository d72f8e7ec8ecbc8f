"""`WeightAverage`: an exponential moving average of a network's weights, kept while it trains."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import tf


class WeightAverage:
    """Average of all weights, moving statistics included (Polyak and Juditsky 1992).

    The decay rises to its value as ``(1 + step) / (10 + step)``, so that the average is good from
    the first epoch.

    Args:
        weights: Keras variables, already with their first values.
        decay: share of the average that a step keeps, below 1.
    """

    def __init__(self, weights: list[Any], decay: float) -> None:
        self._weights = weights
        self._decay = decay
        self.variables = [tf.Variable(w.value, trainable=False) for w in weights]

    def update(self, step: Any) -> None:
        """Move towards the weights as they are after `step` (a scalar tensor, from 1)."""
        step = tf.cast(step, tf.float32)
        decay = tf.minimum(self._decay, (1 + step) / (10 + step))
        for average, weight in zip(self.variables, self._weights, strict=True):
            average.assign_sub((1 - decay) * (average - weight.value))
