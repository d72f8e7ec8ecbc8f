"""`RandomValues`: noise on numbers, and categories that become unknown."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras
from millrace.learning.rows.encoder import RowEncoder
from millrace.workflow.tables import TableAugmentation

ops = keras.ops


class RandomValues(keras.layers.Layer):  # type: ignore[misc]
    """Changes features of training records.

    Args:
        spec: what is changed. encoder: tells numbers and categories apart. seed: of the draws.
    """

    def __init__(self, spec: TableAugmentation, encoder: RowEncoder, seed: int) -> None:
        super().__init__(name="random_values", dtype="float32")
        self._spec = spec
        self._numbers = len(encoder.scaling.names)
        self._unknown = [float(start) for start in encoder.starts]
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, features: Any, training: bool = False) -> Any:
        """Return the changed features."""
        if not training:
            return features
        numbers, places = features[:, : self._numbers], features[:, self._numbers :]
        if self._spec.noise and self._numbers:
            noise = keras.random.normal(ops.shape(numbers), seed=self._seeds)
            numbers = numbers + self._spec.noise * noise
        if self._spec.unknown and self._unknown:
            drawn = keras.random.uniform(ops.shape(places), seed=self._seeds)
            unknown = ops.convert_to_tensor([self._unknown], "float32")
            places = ops.where(drawn < self._spec.unknown, unknown, places)
        return ops.concatenate([numbers, places], axis=1)
