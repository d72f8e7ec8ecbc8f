"""Slices that are drawn: an ellipse of a head, with a skull and a bright spot on one side."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

AIR, BRAIN, BLOOD, BONE = -1000, 35, 70, 1000
CHANNELS = [
    {"name": "brain", "kind": "window", "centre": 40, "width": 80},
    {"name": "mirror", "kind": "mirror", "of": "brain"},
    {"name": "contrast", "kind": "contrast", "of": "brain"},
]


def hounsfield(
    size: tuple[int, int] = (96, 80), at: tuple[float, float] = (0.5, 0.5), reach: float = 0.4
) -> Any:
    """Return a slice (height, width) int16: a head whose centre and radius are shares of it."""
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows / height - at[0], columns / width - at[1]) / reach
    values = np.full(size, AIR, np.int16)
    values[away < 1] = BONE
    values[away < 0.85] = BRAIN
    spot = np.hypot(rows / height - at[0], columns / width - at[1] - 0.4 * reach) < 0.2 * reach
    values[spot] = BLOOD
    return values


def grey(size: tuple[int, int] = (96, 80), **values: Any) -> Any:
    """Return the same through a window of 0 to 80 HU: (height, width) uint8."""
    return np.clip(hounsfield(size, **values) * 255.0 / 80, 0, 255).astype(np.uint8)


def png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
