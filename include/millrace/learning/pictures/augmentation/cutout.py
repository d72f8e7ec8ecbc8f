"""`RandomCutout`: a black square somewhere in each picture (DeVries and Taylor 2017)."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras

ops = keras.ops


class RandomCutout(keras.layers.Layer):  # type: ignore[misc]
    """Erases a square whose centre is anywhere in the picture, so part of it may fall outside.

    Args:
        share: side of the square, share of the picture's side.
        seed: of the draws.
    """

    def __init__(self, share: float, seed: int) -> None:
        super().__init__(name="random_cutout", dtype="float32")
        self._share = share
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the pictures with their squares at 0."""
        if not training:
            return images
        _, height, width, _ = images.shape
        count = ops.shape(images)[0]
        rows = self._hit(count, height)[:, :, None, None]
        columns = self._hit(count, width)[:, None, :, None]
        return images * (1.0 - rows * columns)

    def _hit(self, count: Any, side: int) -> Any:
        """Return ``(count, side)``: 1 where the square covers this row or column."""
        centre = keras.random.uniform((count, 1), 0, side, seed=self._seeds)
        distance = ops.abs(ops.arange(side, dtype="float32")[None, :] + 0.5 - centre)
        return ops.cast(distance < self._share * side / 2, "float32")
