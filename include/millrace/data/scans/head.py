"""`head_mask`: where the head is in a slice, and where nothing but air, table and letters are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.data.scans.slices import Slice, Values

AIR = -300
"""HU below which there is air: far from skin and fat (about -100) and from air (-1000)."""

_OPENED = 0.01
"""Of the shorter side: what is thinner, such as letters and the table's edge, is no head."""

_LEVELS = 64

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def head_mask(one: Slice) -> Mask:
    """Return ``(height, width)``: the largest connected part that is no air, its holes filled.

    All False where there is none. In a slice of 8 bits, air is the darkest of three groups of grey
    levels: those of air, of soft tissue and of bone.
    """
    from scipy import ndimage

    values = one.values
    level = AIR if one.hounsfield else _darkest(values)
    reach = max(1, round(_OPENED * min(values.shape)))
    lit = np.pad(values >= level, reach + 1)
    parts, count = ndimage.label(ndimage.binary_opening(lit, iterations=reach))
    if not count:
        return np.zeros(values.shape, bool)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    filled: Mask = ndimage.binary_fill_holes(parts == sizes.argmax())
    inside = slice(reach + 1, -reach - 1)
    return filled[inside, inside]


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a mask, the latter two behind it; of an empty mask all
    of it.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _darkest(levels: Values) -> int:
    """Return the level above the darkest of three groups, chosen so that levels differ most between
    the groups (Otsu 1979, IEEE Transactions SMC-9: the criterion for two thresholds).
    """
    width = 256 // _LEVELS
    counts = np.bincount((levels // width).ravel(), minlength=_LEVELS).astype(np.float64)
    rows = np.concatenate([[0.0], counts.cumsum()])
    sums = np.concatenate([[0.0], (counts * np.arange(_LEVELS)).cumsum()])
    places = np.arange(_LEVELS + 1)
    first, second = places[:, np.newaxis], places[np.newaxis]

    def between(start: Places, stop: Places) -> npt.NDArray[np.float64]:
        weight = rows[stop] - rows[start]
        square = (sums[stop] - sums[start]) ** 2
        return np.asarray(square / np.maximum(weight, 1e-12))

    zero, end = np.zeros_like(first), np.full_like(second, _LEVELS)
    spread = between(zero, first) + between(first, second) + between(second, end)
    spread[(first < 1) | (second <= first) | (second >= _LEVELS)] = -1.0
    return int(np.unravel_index(spread.argmax(), spread.shape)[0]) * width
