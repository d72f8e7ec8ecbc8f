"""`candidates`: the pairs of hashes that differ in few bits, without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from millrace.data.near_duplicates.expand import expand
from millrace.data.near_duplicates.fingerprints import Hashes

MOST_BITS = 8
"""Bits of 64 in which the hashes of near duplicates differ, at most."""

_BANDS = 4
_WIDTH = 16
_RADII = (2, 1, 1, 1)
"""Multi-index hashing (Norouzi, Punjani, Fleet 2012): two hashes that differ in at most 8 bits
differ in at most 2 of the first 16, or in at most 1 of some other 16."""

_LEAST_CROWD = 4096  # pictures
_CROWD_SHARE = 32  # parts of all pictures of which a crowd is more than one

Numbers = npt.NDArray[np.int64]
Crowded = npt.NDArray[np.bool_]
"""``(4, 65536)``: of each band, the values that are near those of very many pictures."""
Pairs = tuple[Numbers, Numbers]


def candidates(hashes: Hashes, crowded: Crowded, *, at_once: int = 1 << 18) -> Iterator[Pairs]:
    """Yield every pair of numbers whose hashes differ in at most `MOST_BITS` bits, once.

    Left out is a pair that is `crowded` in each band that would bring it together.

    Args:
        crowded: see `crowds`.
        at_once: pairs that are looked at together, about: the unit of memory.
    """
    for place, radius in enumerate(_RADII):
        band = _band(hashes, place)
        order = np.argsort(band, kind="stable")
        for first, second in _alike(band[order], radius, crowded[place], at_once):
            a, b = order[first], order[second]
            near = np.bitwise_count(hashes[a] ^ hashes[b]) <= MOST_BITS
            near[near] = ~_found_before(hashes[a[near]], hashes[b[near]], crowded, place)
            if near.any():
                yield np.minimum(a[near], b[near]), np.maximum(a[near], b[near])


def crowds(hashes: Hashes, most: int | None = None) -> Crowded:
    """Return which values of each band are within the band's radius of more than `most` pictures.

    Args:
        most: by default 4096, or a 32nd of all pictures where that is more.
    """
    most = max(_LEAST_CROWD, len(hashes) // _CROWD_SHARE) if most is None else most
    values = np.arange(1 << _WIDTH)
    crowded = np.zeros((_BANDS, 1 << _WIDTH), bool)
    for place, radius in enumerate(_RADII):
        sizes = np.bincount(_band(hashes, place), minlength=1 << _WIDTH)
        near = sizes + sum(sizes[values ^ flip] for flip in _flips(radius))
        crowded[place] = near > most
    return crowded


def in_crowds(hashes: Hashes, crowded: Crowded) -> Numbers:
    """Return the numbers of the pictures that are crowded in some band, ascending."""
    found = np.zeros(len(hashes), bool)
    for place in range(_BANDS):
        found |= crowded[place][_band(hashes, place)]
    return np.flatnonzero(found)


def _band(hashes: Hashes, place: int) -> Numbers:
    shift = np.uint64(_WIDTH * (_BANDS - 1 - place))
    return ((hashes >> shift) & np.uint64(0xFFFF)).astype(np.int64)


def _flips(radius: int) -> list[int]:
    """Return the 16-bit words of 1 to `radius` bits."""
    return [
        sum(1 << bit for bit in bits)
        for count in range(1, radius + 1)
        for bits in combinations(range(_WIDTH), count)
    ]


def _found_before(
    first: Hashes, second: Hashes, crowded: Crowded, place: int
) -> npt.NDArray[np.bool_]:
    """Return which pairs an earlier band has brought together already."""
    found = np.zeros(len(first), bool)
    for earlier in range(place):
        a, b = _band(first, earlier), _band(second, earlier)
        left_out = crowded[earlier][a] & crowded[earlier][b]
        found |= (np.bitwise_count(a ^ b) <= _RADII[earlier]) & ~left_out
    return found


def _alike(
    values: Numbers, radius: int, crowded: npt.NDArray[np.bool_], at_once: int
) -> Iterator[Pairs]:
    """Yield pairs of places of sorted 16-bit `values` that differ in at most `radius` bits, but
    none of two crowded values.
    """
    starts = np.searchsorted(values, np.arange((1 << _WIDTH) + 1))
    dense = crowded[values]
    places = np.flatnonzero(~dense)
    yield from expand(places, places + 1, starts[values[places] + 1], at_once)
    for flip in _flips(radius):
        other = values ^ flip
        firsts = np.flatnonzero((values < other) & ~(dense & crowded[other]))
        chosen = other[firsts]
        yield from expand(firsts, starts[chosen], starts[chosen + 1], at_once)
