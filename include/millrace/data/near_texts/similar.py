"""`similar`: which pairs of texts are near duplicates, by the Jaccard index of their shingles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from millrace.data.near_texts.shingles import LARGEST, Hashes, Numbers, Sets

LEAST = 0.6
"""Jaccard index of near duplicates, at least."""

_SAMPLE = 256  # shingles of each text that are compared first, where both have twice as many
_SLACK = 0.09  # three standard deviations of the Jaccard index of such samples
_AT_ONCE = 1 << 17  # shingles compared at once, about: the unit of memory
_ALL = np.uint64(1 << 32)


def similar(sets: Sets, first: Numbers, second: Numbers) -> npt.NDArray[np.bool_]:
    """Return which pairs are of near duplicates.

    Of texts with `LARGEST` shingles the lowest hashes are a fair sample of both texts up to the
    lower of their highest ones (Z. Bar-Yossef et al., Counting distinct elements, 2002).

    Args:
        sets: of the texts.
        first: ``(pairs,)`` numbers of texts that are not empty. second: likewise.
    """
    sizes = np.diff(sets.ends)
    low, high = np.sort([sizes[first], sizes[second]], axis=0)
    close = (low >= LEAST * high) | (high == LARGEST)
    large = close & (low > 2 * _SAMPLE)
    found = _jaccard_of_parts(sets, first, second, np.flatnonzero(large), _SAMPLE)
    close[large] = found >= LEAST - _SLACK
    places = np.flatnonzero(close)
    alike = np.zeros(len(first), bool)
    alike[places] = _jaccard_of_parts(sets, first, second, places, LARGEST) >= LEAST
    return alike


def _jaccard_of_parts(
    sets: Sets, first: Numbers, second: Numbers, places: Numbers, most: int
) -> npt.NDArray[np.float64]:
    """Return the Jaccard index of the pairs at some places, by at most `most` shingles a text."""
    sizes = np.minimum(np.diff(sets.ends), most)
    costs = sizes[first[places]] + sizes[second[places]]
    parts = (places[part] for part in parts_of(costs, _AT_ONCE))
    found = [_jaccard(sets, first[part], second[part], most) for part in parts]
    return np.concatenate([np.zeros(0), *found])


def parts_of(costs: Numbers, most: int) -> Iterator[slice]:
    """Yield parts of a sequence that cost at most so much each, or are a single item."""
    ends = np.concatenate([[0], np.cumsum(costs)])
    start = 0
    while start < len(costs):
        stop = int(np.searchsorted(ends, ends[start] + most, "right")) - 1
        stop = max(stop, start + 1)
        yield slice(start, stop)
        start = stop


def _jaccard(sets: Sets, first: Numbers, second: Numbers, most: int) -> npt.NDArray[np.float64]:
    pairs = np.arange(len(first), dtype=np.uint64) << np.uint64(32)
    sides = [_of_pairs(sets, texts, pairs, most) for texts in (first, second)]
    limits = np.minimum(_complete(sets, first, most), _complete(sets, second, most))
    keys = np.concatenate(sides)
    if (limits < _ALL).any():
        keys = keys[(keys & np.uint64(0xFFFFFFFF)) < limits[(keys >> np.uint64(32)).astype(int)]]
    keys.sort()
    twice = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)
    both = np.bincount(twice.astype(np.int64), minlength=len(first))
    total = np.diff(np.searchsorted(keys, np.append(pairs, np.uint64(len(first)) << np.uint64(32))))
    return both / np.maximum(total - both, 1)


def _of_pairs(
    sets: Sets, texts: Numbers, pairs: npt.NDArray[np.uint64], most: int
) -> npt.NDArray[np.uint64]:
    """Return the hashes of each pair's text, with the number of the pair above them."""
    sizes = np.minimum(np.diff(sets.ends)[texts], most)
    starts = np.repeat(sets.ends[texts] - (np.cumsum(sizes) - sizes), sizes)
    hashes: Hashes = sets.hashes[starts + np.arange(len(starts))]
    return np.repeat(pairs, sizes) | hashes


def _complete(sets: Sets, texts: Numbers, most: int) -> npt.NDArray[np.uint64]:
    """Return below which hash all shingles of a text are known."""
    cut = np.diff(sets.ends)[texts] >= most
    limits = np.full(len(texts), _ALL)
    last = sets.hashes[sets.ends[texts[cut]] + most - 1]
    limits[cut] = np.asarray(last, np.uint64) + np.uint64(1)
    return limits
