"""`Normalisation`: the mean and spread of the training pictures, and their reference statistics.

Learnt on the training split only. Every figure comes from one exact histogram of pixel values, so
it does not depend on the order or the cut of the records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images

_LEVELS = np.arange(256) / 255.0
Histogram = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Normalisation:
    """Per channel, in shares of the full range (pixel / 255).

    Attributes:
        mean: of all pixels of the channel. std: their standard deviation; 1 where it is 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, histogram: Histogram) -> Normalisation:
        """Return the normalisation of pixels counted by `pixel_histogram`."""
        share = histogram / np.maximum(histogram.sum(1, keepdims=True), 1)
        mean = share @ _LEVELS
        spread = np.sqrt(np.maximum(share @ _LEVELS**2 - mean**2, 0))
        spread[spread < 1e-6] = 1.0
        return cls(tuple(mean.tolist()), tuple(spread.tolist()))

    @property
    def scale(self) -> list[float]:
        """Factor of each channel of a picture of 0 to 255."""
        return [1 / (255 * std) for std in self.std]

    @property
    def offset(self) -> list[float]:
        """What is added to each channel after `scale`."""
        return [-mean / std for mean, std in zip(self.mean, self.std, strict=True)]

    def to_document(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {"mean": list(self.mean), "std": list(self.std)}


def pixel_histogram(batches: Iterable[Images], channels: int) -> Histogram:
    """Count pixel values of pictures ``(rows, height, width, channels)``: ``(channels, 256)``."""
    counts = np.zeros((channels, 256), np.int64)
    for images in batches:
        for channel in range(channels):
            counts[channel] += np.bincount(images[..., channel].ravel(), minlength=256)
    return counts


def reference_statistics(histogram: Histogram) -> dict[str, Any]:
    """Return what the training split looked like, to compare later records with.

    ``histogram`` holds the share of pixels in 16 equal bins of the range, per channel.
    """
    normalisation = Normalisation.of(histogram)
    bins = histogram.reshape(len(histogram), 16, 16).sum(2)
    share = bins / np.maximum(bins.sum(1, keepdims=True), 1)
    return {
        "pixel_mean": list(normalisation.mean),
        "pixel_std": list(normalisation.std),
        "pixel_histogram": share.tolist(),
    }
