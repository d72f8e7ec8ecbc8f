"""`Frame` and `resampled`: which part of a slice the canonical slice shows, and its resampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from millrace.data.scans.encoding import Spacing

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the slice; may lie outside it."""

Levels = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """What a canonical slice shows.

    Attributes:
        size: its height and width, pixels.
        margin: around the head's box, share of the box on each side.
        spacing: millimetres of a pixel's height and width; None fills the size.
    """

    size: tuple[int, int]
    margin: float = 0.0
    spacing: Sequence[float] | None = None

    def box(self, head: Box, spacing: Spacing) -> Box:
        """Return the part of a slice to show.

        Args:
            head: its box. spacing: of the slice, millimetres.
        """
        left, top, right, bottom = head
        row, column = spacing[:2]
        width, height = right - left, bottom - top
        if self.spacing is None or row is None or column is None:
            width, height = (side * (1 + 2 * self.margin) for side in (width, height))
        else:
            height = self.size[0] * self.spacing[0] / row
            width = self.size[1] * self.spacing[1] / column
        x, y = (left + right) / 2, (top + bottom) / 2
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def resampled(values: Levels, box: Box, size: tuple[int, int], outside: float) -> Levels:
    """Return a part of ``(height, width)`` values at `size`, by Pillow's bilinear filter, which
    averages where it shrinks.

    Args:
        outside: value of what lies outside.
    """
    height, width = values.shape
    left, top, right, bottom = box
    part = max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
    made = np.full(size, outside, np.float32)
    across = _places(left, right, part[0], part[2], size[1])
    down = _places(top, bottom, part[1], part[3], size[0])
    wanted = across.stop - across.start, down.stop - down.start
    shown = Image.fromarray(values).resize(wanted, Image.Resampling.BILINEAR, box=part)
    made[down, across] = np.asarray(shown, np.float32)
    return made


def _places(start: float, stop: float, first: float, last: float, size: int) -> slice:
    """Return which of `size` places the part from `first` to `last` of a side takes."""
    scale = size / (stop - start)
    begin = min(round((first - start) * scale), size - 1)
    return slice(begin, max(begin + 1, min(round((last - start) * scale), size)))
