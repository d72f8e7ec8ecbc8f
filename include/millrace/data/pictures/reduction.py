"""`reduction`: by which whole factor a decoded picture file is made smaller before it is stored.

Transforming needs no more than twice the size it makes (Pillow's `reducing_gap` of 2), so a photo
of twelve megapixels need not be kept as such; the file itself stays in the collected artifact.
"""

from __future__ import annotations

from collections.abc import Sequence

LEAST_SIDE = 64
"""Height and width, in pixels, that a reduced picture keeps at least: enough to compare it."""


def reduction(height: int, width: int, reduce_to: Sequence[int] | None) -> int:
    """Return the factor, 1 where the picture stays as it is.

    Args:
        reduce_to: height and width, in pixels, that transforming makes; None reduces nothing. Both
            sides stay at least twice that, and `LEAST_SIDE`.
    """
    if reduce_to is None:
        return 1
    wanted = (max(2 * side, LEAST_SIDE) for side in reduce_to)
    return max(1, min(side // least for side, least in zip((height, width), wanted, strict=True)))
