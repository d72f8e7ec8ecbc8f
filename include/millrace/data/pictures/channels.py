"""`scale` and `set_channels`: full range and the wanted number of channels, over a batch."""

from __future__ import annotations

import numpy as np

from millrace.artifacts.tables import Images

_LUMA = np.array([299, 587, 114], np.uint32)
"""Weights of red, green and blue in grey, thousandths: ITU-R BT.601."""


def scale(images: Images, maximum: int) -> Images:
    """Return pictures of 0 to `maximum` as pictures of 0 to 255, rounded half up."""
    if maximum == 255:
        return images
    levels = np.arange(256, dtype=np.uint32)
    table = np.minimum((levels * 510 + maximum) // (2 * maximum), 255).astype(np.uint8)
    return table[images]


def set_channels(images: Images, channels: int) -> Images:
    """Return ``(rows, height, width, any)`` pictures with 1 (grey) or 3 (RGB) channels."""
    if images.shape[3] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=3)
    grey = (images.astype(np.uint32) @ _LUMA + 500) // 1000
    return grey.astype(np.uint8)[..., np.newaxis]
