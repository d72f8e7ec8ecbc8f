"""`RandomWarp`: shift, crop, rotate, zoom and flip in one pass over the pixels."""

from __future__ import annotations

import math
from typing import Any

from millrace.learning.framework import keras
from millrace.workflow.images import ImageAugmentation

ops = keras.ops


class RandomWarp(keras.layers.Layer):  # type: ignore[misc]
    """One affine warp a picture, composed of all the geometric changes that a spec asks for.

    Args:
        spec: its `shift`, `rotate`, `zoom`, `flip` and `crop` are used.
        seed: of the draws.
    """

    def __init__(self, spec: ImageAugmentation, seed: int) -> None:
        super().__init__(name="random_warp", dtype="float32")
        self._spec = spec
        self._smooth = bool(spec.shift or spec.rotate or spec.zoom)
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the warped pictures; what comes from outside a picture is black."""
        if not training:
            return images
        _, height, width, _ = images.shape
        return ops.image.affine_transform(
            images,
            self._transforms(ops.shape(images)[0], height, width),
            interpolation="bilinear" if self._smooth else "nearest",
            fill_mode="constant",
            fill_value=0.0,
            data_format="channels_last",
        )

    def _transforms(self, count: Any, height: int, width: int) -> Any:
        """Return ``(count, 8)``: where in the picture each pixel of the result comes from."""
        spec = self._spec
        angle = self._draw(count, math.radians(spec.rotate))
        scale = ops.exp(self._draw(count, math.log1p(spec.zoom)))
        across = self._sign(count, spec.flip in ("horizontal", "both"))
        down = self._sign(count, spec.flip in ("vertical", "both"))
        cosine, sine = ops.cos(angle) * scale, ops.sin(angle) * scale
        a, b = cosine * across, -sine * down
        d, e = sine * across, cosine * down
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        c = middle_x - a * middle_x - b * middle_y + self._offset(count, width)
        f = middle_y - d * middle_x - e * middle_y + self._offset(count, height)
        zero = ops.zeros_like(a)
        return ops.stack([a, b, c, d, e, f, zero, zero], axis=1)

    def _offset(self, count: Any, side: int) -> Any:
        """Return pixels: a share of the side for `shift`, whole ones for `crop`."""
        offset = self._draw(count, self._spec.shift * side)
        if self._spec.crop:
            offset = offset + ops.round(self._draw(count, self._spec.crop + 0.499))
        return offset

    def _draw(self, count: Any, largest: float) -> Any:
        if not largest:
            return ops.zeros((count,))
        return keras.random.uniform((count,), -largest, largest, seed=self._seeds)

    def _sign(self, count: Any, flips: bool) -> Any:
        if not flips:
            return ops.ones((count,))
        draws = keras.random.uniform((count,), seed=self._seeds)
        return ops.where(draws < 0.5, -1.0, 1.0)
