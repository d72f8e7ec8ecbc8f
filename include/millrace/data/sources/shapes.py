"""`picture_shape`: height, width and channels of a picture that is given as a row of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from millrace.errors import DataError


def picture_shape(
    pixels: int, size: Sequence[int] | None, channels: int, where: str, unit: str = "numbers"
) -> tuple[int, int, int]:
    """Return ``(height, width, channels)`` of `pixels` numbers.

    Args:
        size: height and width; None means a square.
        unit: what errors call the numbers.

    Raises:
        DataError: the numbers are no such picture; says how many there are and what to write.
    """
    if size is None:
        side = math.isqrt(pixels // channels)
        size = (side, side)
    height, width = size
    if pixels and height * width * channels == pixels:
        return height, width, channels
    raise DataError(
        "the pixels are not a picture of that size",
        where=where,
        expected=f"{height} x {width} x {channels} = {height * width * channels:,} {unit}",
        received=f"{pixels:,} {unit} of pixels",
        remedy=_remedy(pixels, channels),
    )


def _remedy(pixels: int, channels: int) -> str:
    for other, name in ((1, "grey"), (3, "colour")):
        side = math.isqrt(pixels // other)
        if pixels and side * side * other == pixels and other != channels:
            return f"For {name} pictures of {side} x {side}, write `channels: {other}`."
    return (
        "Write `size: [height, width]`, and `channels: 3` for colour; check too that the label is "
        "told right (null where there is none) and that no other column counts as a pixel."
    )
