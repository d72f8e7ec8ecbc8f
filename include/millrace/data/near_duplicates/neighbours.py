"""`neighbours`: pairs to compare in a crowd, whose hashes tell too little. Finds not all of them.

The pictures are put in order by how they look, in eight ways, and each is paired with those next to
it. So the work grows with the number of pictures, not with its square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.near_duplicates.candidates import MOST_BITS, Numbers, Pairs
from millrace.data.near_duplicates.fingerprints import Hashes
from millrace.data.near_duplicates.similar import standardised
from millrace.data.pictures.schema import THUMBNAIL_SIDE

_NEXT = 48  # pictures that one is compared with in each order
_AT_ONCE = 8192  # thumbnails
_WAYS = 8


def neighbours(
    hashes: Hashes, crowd: Numbers, thumbnails: Callable[[Numbers], Images]
) -> Iterator[Pairs]:
    """Yield pairs of the numbers in `crowd` that look alike, of hashes that are close.

    The order of the pictures decides nothing: pictures that no order tells apart are equal.

    Args:
        hashes: ``(rows,)``. thumbnails: reads those of some numbers, which ascend.
        crowd: numbers, ascending.
    """
    looks, digests = _looks(crowd, thumbnails)
    for way in range(_WAYS):
        keys = [hashes[crowd], digests, *np.roll(looks, way, axis=0)]
        order = crowd[np.lexsort(keys)]
        for first, second in _next_ones(len(order)):
            one, other = order[first], order[second]
            near = np.bitwise_count(hashes[one] ^ hashes[other]) <= MOST_BITS
            one, other = one[near], other[near]
            yield np.minimum(one, other), np.maximum(one, other)


def _next_ones(count: int) -> Iterator[Pairs]:
    """Yield each place with the places after it, in order, so that few thumbnails are read."""
    for start in range(0, count, _AT_ONCE):
        first = np.repeat(np.arange(start, min(start + _AT_ONCE, count)), _NEXT)
        second = first + np.tile(np.arange(1, _NEXT + 1), len(first) // _NEXT)
        inside = second < count
        yield first[inside], second[inside]


def _looks(
    crowd: Numbers, thumbnails: Callable[[Numbers], Images]
) -> tuple[npt.NDArray[np.int32], Hashes]:
    """Return eight numbers ``(8, rows)`` that are close for like pictures, and a digest of each."""
    looks = np.empty((_WAYS, len(crowd)), np.int32)
    digests = np.empty(len(crowd), np.uint64)
    patterns = _patterns()
    factors = np.random.default_rng(0).integers(0, 1 << 63, THUMBNAIL_SIDE**2, np.uint64)
    for start in range(0, len(crowd), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        pixels = thumbnails(crowd[part])
        looks[:, part] = patterns @ standardised(pixels).T.astype(np.int32)
        digests[part] = pixels.astype(np.uint64) @ factors
    return looks, digests


def _patterns() -> npt.NDArray[np.int32]:
    """Return patterns ``(8, 256)`` of halves, strips and their chequers, of 1 and -1."""
    place = np.arange(THUMBNAIL_SIDE)
    plain = np.ones_like(place)
    halves = np.where(place < THUMBNAIL_SIDE // 2, 1, -1)
    middle = np.where(abs(2 * place - THUMBNAIL_SIDE + 1) < THUMBNAIL_SIDE // 2, 1, -1)
    waves = (plain, halves, middle)
    made = [np.outer(down, across).ravel() for down in waves for across in waves]
    return np.array(made[1:], np.int32)
