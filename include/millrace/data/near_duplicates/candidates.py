"""`candidates`: the pairs of hashes that differ in few bits, without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt

from millrace.data.near_duplicates.fingerprints import Hashes

MOST_BITS = 8
"""Bits of 64 in which the hashes of near duplicates differ, at most."""

_BANDS = 4
_WIDTH = 16
_RADII = (2, 1, 1, 1)
"""Multi-index hashing (Norouzi, Punjani, Fleet 2012): two hashes that differ in at most 8 bits
differ in at most 2 of the first 16, or in at most 1 of some other 16."""

Numbers = npt.NDArray[np.int64]
Pairs = tuple[Numbers, Numbers]


def candidates(hashes: Hashes, *, at_once: int = 1 << 20) -> Iterator[Pairs]:
    """Yield every pair of numbers whose hashes differ in at most `MOST_BITS` bits, once.

    Args:
        at_once: pairs that are looked at together, about: the unit of memory.
    """
    bands = [((hashes >> np.uint64(_WIDTH * n)) & np.uint64(0xFFFF)) for n in range(_BANDS)][::-1]
    for place, radius in enumerate(_RADII):
        order = np.argsort(bands[place], kind="stable")
        values = bands[place][order].astype(np.int64)
        for first, second in _alike(values, radius, at_once):
            a, b = order[first], order[second]
            different = hashes[a] ^ hashes[b]
            near = np.bitwise_count(different) <= MOST_BITS
            near[near] = ~_found_before(different[near], place)
            if near.any():
                yield np.minimum(a[near], b[near]), np.maximum(a[near], b[near])


def _found_before(different: Hashes, place: int) -> npt.NDArray[np.bool_]:
    """Return which pairs an earlier band has brought together already."""
    found = np.zeros(len(different), bool)
    for earlier in range(place):
        bits = (different >> np.uint64(_WIDTH * (_BANDS - 1 - earlier))) & np.uint64(0xFFFF)
        found |= np.bitwise_count(bits) <= _RADII[earlier]
    return found


def _alike(values: Numbers, radius: int, at_once: int) -> Iterator[Pairs]:
    """Yield pairs of places of sorted 16-bit `values` that differ in at most `radius` bits."""
    starts = np.searchsorted(values, np.arange((1 << _WIDTH) + 1))
    places = np.arange(len(values))
    yield from _expand(places, places + 1, starts[values + 1], at_once)
    for count in range(1, radius + 1):
        for bits in combinations(range(_WIDTH), count):
            other = values ^ sum(1 << bit for bit in bits)
            firsts = np.flatnonzero(values < other)
            chosen = other[firsts]
            yield from _expand(firsts, starts[chosen], starts[chosen + 1], at_once)


def _expand(firsts: Numbers, starts: Numbers, stops: Numbers, at_once: int) -> Iterator[Pairs]:
    """Yield each of `firsts` with every place from its start to its stop, a part at a time."""
    some = stops > starts
    firsts, starts, counts = firsts[some], starts[some], (stops - starts)[some]
    ends = np.cumsum(counts)
    low = 0
    while low < len(firsts):
        done = ends[low] - counts[low]
        high = max(int(np.searchsorted(ends, done + at_once, "right")), low + 1)
        part = counts[low:high]
        offsets = np.arange(part.sum()) - np.repeat(ends[low:high] - part - done, part)
        yield np.repeat(firsts[low:high], part), np.repeat(starts[low:high], part) + offsets
        low = high
