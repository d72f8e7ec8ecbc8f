"""`similar`: whether two thumbnails show the same, whatever their brightness and contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images

Numbers = npt.NDArray[np.int64]

MOST_DIFFERENCE = 0.3
"""Largest difference of near duplicates: the mean over the picture, without its background, of the
absolute difference of two thumbnails brought to mean 0 and standard deviation 1."""

_UNIT = 64  # of standardised pixels
_AT_ONCE = 1024  # pairs or thumbnails, so that their pixels stay in the processor's cache
_BACKGROUND = 4  # grey levels around the commonest that are background, on either side


def similar(thumbnails: Images, first: Numbers, second: Numbers) -> npt.NDArray[np.bool_]:
    """Return which pairs are of near duplicates.

    A plain background, which different drawings share, does not count for likeness: the difference
    is divided by the number of pixels of the picture that has fewer outside its background.

    Args:
        thumbnails: ``(rows, pixels)`` uint8.
        first: ``(pairs,)`` row numbers. second: likewise.
    """
    scaled, shown = _in_parts(standardised, thumbnails), _in_parts(_shown, thumbnails)
    difference = np.empty(len(first), np.int64)
    for start in range(0, len(first), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        apart = scaled[first[part]]
        apart -= scaled[second[part]]
        difference[part] = np.abs(apart, out=apart).sum(axis=1, dtype=np.int32)
    least = np.minimum(shown[first], shown[second])
    alike: npt.NDArray[np.bool_] = difference <= MOST_DIFFERENCE * _UNIT * least
    return alike


def _in_parts(
    measure: Callable[[Images], npt.NDArray[Any]], thumbnails: Images
) -> npt.NDArray[Any]:
    """Return a measure of every thumbnail, its intermediate numbers being those of a few."""
    starts = range(0, max(len(thumbnails), 1), _AT_ONCE)
    return np.concatenate([measure(thumbnails[start : start + _AT_ONCE]) for start in starts])


def standardised(thumbnails: Images) -> npt.NDArray[np.int16]:
    """Return pixels at mean 0 and standard deviation 1, in whole 64ths."""
    pixels = thumbnails.shape[1]
    values = thumbnails.astype(np.int32)
    sums = values.sum(axis=1, keepdims=True)
    variance = pixels * (values * values).sum(axis=1, keepdims=True) - sums * sums
    scale = _UNIT / np.sqrt(np.maximum(variance, 1).astype(np.float64))
    scaled: npt.NDArray[np.int16] = np.rint((pixels * values - sums) * scale).astype(np.int16)
    return scaled


def _shown(thumbnails: Images) -> npt.NDArray[np.int64]:
    """Return how many pixels of each thumbnail are not of its commonest grey, or close to it."""
    rows, pixels = thumbnails.shape
    cells = thumbnails + 256 * np.arange(rows)[:, np.newaxis]
    counts = np.bincount(cells.ravel(), minlength=256 * rows).reshape(rows, 256)
    ends = np.pad(np.cumsum(counts, axis=1), ((0, 0), (_BACKGROUND + 1, _BACKGROUND)), "edge")
    ends[:, : _BACKGROUND + 1] = 0
    width = 2 * _BACKGROUND + 1
    shown: npt.NDArray[np.int64] = pixels - (ends[:, width:] - ends[:, :-width]).max(axis=1)
    return shown
