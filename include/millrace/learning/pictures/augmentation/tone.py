"""`RandomTone`: brightness, contrast and noise, kept inside 0 to 255."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras
from millrace.workflow.images import ImageAugmentation

ops = keras.ops


class RandomTone(keras.layers.Layer):  # type: ignore[misc]
    """Contrast around each picture's mean, then brightness, then noise a pixel.

    Args:
        spec: its `brightness`, `contrast` and `noise` are used.
        seed: of the draws.
    """

    def __init__(self, spec: ImageAugmentation, seed: int) -> None:
        super().__init__(name="random_tone", dtype="float32")
        self._spec = spec
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the changed pictures."""
        if not training:
            return images
        spec = self._spec
        if spec.contrast:
            mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
            images = (images - mean) * (1 + self._draw(images, spec.contrast)) + mean
        if spec.brightness:
            images = images + self._draw(images, 255 * spec.brightness)
        if spec.noise:
            images = images + 255 * spec.noise * keras.random.normal(
                ops.shape(images), seed=self._seeds
            )
        return ops.clip(images, 0.0, 255.0)

    def _draw(self, images: Any, largest: float) -> Any:
        shape = (ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, -largest, largest, seed=self._seeds)
