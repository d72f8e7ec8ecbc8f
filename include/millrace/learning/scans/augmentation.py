"""Random changes to training slices that a channel's meaning allows.

A window channel, of the slice or of a neighbour, is changed as another scanner or another window
would change it. A channel whose grey is neutral keeps that grey where there is no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.framework import keras
from millrace.learning.pictures.augmentation.cutout import RandomCutout
from millrace.learning.pictures.augmentation.warp import RandomWarp
from millrace.workflow.ct import CtAugmentation

ops = keras.ops
_NEUTRAL = 128.0  # as `millrace.data.scans.channels` writes it
_WINDOWS = frozenset(("window", "neighbour"))  # kinds of channels that show densities
_KERNEL = (1.0, 2.0, 1.0)  # a binomial filter: about a Gaussian of 0.7 pixels; twice, of 1 pixel
_BLACK = 2.0  # grey level below which nothing is shown


def scan_layers(spec: CtAugmentation, kinds: Sequence[str], seed: int) -> list[Any]:
    """Return the layers that `spec` needs, in the order of their work.

    Args:
        kinds: of the channels, as the spec's transform names them. seed: of the draws.
    """
    layers: list[Any] = []
    if spec.shift or spec.rotate or spec.zoom or spec.crop or spec.flip != "none":
        layers.append(ScanWarp(spec, kinds, seed))
    if spec.blur:
        layers.append(RandomBlur(spec.blur, kinds, seed + 3))
    if spec.brightness or spec.contrast or spec.noise:
        layers.append(RandomWindow(spec, kinds, seed + 1))
    if spec.cutout:
        layers.append(ScanCutout(spec.cutout, kinds, seed + 2))
    return layers


class ScanWarp(RandomWarp):
    """`RandomWarp`; what comes from outside is black in windows and neutral elsewhere.

    Args:
        spec: see there. kinds: of the channels. seed: of the draws.
    """

    def __init__(self, spec: CtAugmentation, kinds: Sequence[str], seed: int) -> None:
        super().__init__(spec, seed)
        self._neutral = neutral(kinds)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the warped slices ``(batch, height, width, channels)``."""
        return super().call(images - self._neutral, training) + self._neutral


class ScanCutout(RandomCutout):
    """`RandomCutout`; what is erased is black in windows and neutral elsewhere.

    Args:
        share: see there. kinds: of the channels. seed: of the draws.
    """

    def __init__(self, share: float, kinds: Sequence[str], seed: int) -> None:
        super().__init__(share, seed)
        self._neutral = neutral(kinds)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the slices ``(batch, height, width, channels)`` with their squares."""
        return super().call(images - self._neutral, training) + self._neutral


class RandomWindow(keras.layers.Layer):  # type: ignore[misc]
    """Another width and centre of the windows, and noise; kept inside 0 to 255.

    Args:
        spec: its `brightness`, `contrast` and `noise` are used.
        kinds: of the channels. seed: of the draws.
    """

    def __init__(self, spec: CtAugmentation, kinds: Sequence[str], seed: int) -> None:
        super().__init__(name="random_window", dtype="float32")
        self._spec = spec
        self._neutral = neutral(kinds)
        self._windows = (self._neutral == 0).astype(np.float32)
        self._seeds = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the changed slices ``(batch, height, width, channels)``."""
        if not training:
            return images
        spec, windows = self._spec, self._windows
        mean = ops.mean(images, axis=(1, 2), keepdims=True)
        middle = windows * mean + self._neutral
        moved = 255 * self._draw(images, spec.brightness) * windows
        made = (images - middle) * (1 + self._draw(images, spec.contrast)) + middle + moved
        shown = ops.cast(images > _BLACK, "float32")
        made = made * ops.maximum(shown, 1 - windows)  # what is black around the head stays so
        if spec.noise:
            level = 255 * spec.noise * (0.5 + self._draw(images, 0.5))
            made = made + level * keras.random.normal(ops.shape(images), seed=self._seeds)
        return ops.clip(made, 0.0, 255.0)

    def _draw(self, images: Any, largest: float) -> Any:
        shape = (ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, -largest, largest, seed=self._seeds)


class RandomBlur(keras.layers.Layer):  # type: ignore[misc]
    """A share of a blurred copy in place of the slice.

    Args:
        share: of the blurred copy, at most. kinds: of the channels. seed: of the draws.
    """

    def __init__(self, share: float, kinds: Sequence[str], seed: int) -> None:
        super().__init__(name="random_blur", dtype="float32")
        self._share = share
        self._neutral = neutral(kinds)
        self._seeds = keras.random.SeedGenerator(seed)
        row = np.convolve(_KERNEL, _KERNEL) / 16
        self._kernel = np.outer(row, row).astype(np.float32)[:, :, np.newaxis, np.newaxis]

    def call(self, images: Any, training: bool = False) -> Any:
        """Return the blurred slices ``(batch, height, width, channels)``."""
        if not training:
            return images
        kernel = np.repeat(self._kernel, images.shape[-1], axis=2)
        told = images - self._neutral  # so that what is outside tells nothing
        blurred = ops.depthwise_conv(told, kernel, padding="same")
        shape = (ops.shape(images)[0], 1, 1, 1)
        share = keras.random.uniform(shape, 0.0, self._share, seed=self._seeds)
        return images + share * (blurred - told)


def neutral(kinds: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the grey of each channel that says nothing: black in a window."""
    return np.array([0.0 if kind in _WINDOWS else _NEUTRAL for kind in kinds], np.float32)
