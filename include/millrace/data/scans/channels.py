"""The channels of a canonical slice: windows, the difference from the mirror image, local contrast.

Every channel is ``(height, width)`` uint8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.data.scans.head import Mask

Channel = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.float32]

NEUTRAL = 128
"""The grey of a pixel that equals its mirror image, or its surroundings."""

_DEVIATION = 48.0  # grey levels that stand for one standard deviation
_NOISE = 8.0  # grey levels added to a deviation, so that even surroundings do not show their noise


def window(values: Levels, centre: float, width: float) -> Channel:
    """Return Hounsfield units as grey: black up to ``centre - width / 2``, white from ``centre +
    width / 2`` on (DICOM PS3.3 C.11.2.1.3.2, LINEAR_EXACT).
    """
    levels = np.multiply(values, 255 / width, dtype=np.float32)
    levels += 127.5 - 255 * centre / width
    return _grey(levels)


def mirror(levels: Channel, smooth: float) -> Channel:
    """Return half of what a channel is brighter than its left-right mirror image, from grey on.

    Args:
        smooth: standard deviation of a Gaussian filter before, pixels.
    """
    from scipy import ndimage

    smoothed = ndimage.gaussian_filter(levels.astype(np.float32), smooth)
    return _grey(NEUTRAL + (smoothed - smoothed[:, ::-1]) / 2)


def contrast(levels: Channel, mask: Mask, reach: int) -> Channel:
    """Return how many deviations of its surroundings a pixel lies above their mean; outside the
    head it is `NEUTRAL`.

    Args:
        mask: of the head; only what lies in it counts. reach: side of the surroundings, pixels.
    """
    from scipy import ndimage

    inside, values = mask.astype(np.float32), levels.astype(np.float32) * mask

    def mean(of: Levels) -> Levels:
        found: Levels = ndimage.uniform_filter(of, reach, mode="constant")
        return found

    share = np.maximum(mean(inside), 1e-3)
    middle = mean(values) / share
    deviation = np.sqrt(np.maximum(mean(values**2) / share - middle**2, 0))
    away = _DEVIATION * (values - middle) / (deviation + _NOISE)
    return _grey(NEUTRAL + np.where(mask, away, 0))


def further_channel(
    wanted: Mapping[str, Any], windows: Mapping[str, Channel], mask: Mask
) -> Channel:
    """Return a channel that is made of a window channel, by the values of its spec."""
    levels, side = windows[wanted["of"]], min(mask.shape)
    if wanted["kind"] == "mirror":
        return mirror(levels, wanted["smooth"] * side)
    return contrast(levels, mask, max(3, round(wanted["reach"] * side)))


def _grey(levels: Levels) -> Channel:
    cut = np.clip(levels, 0, 255)
    return np.rint(cut, out=cut).astype(np.uint8)
