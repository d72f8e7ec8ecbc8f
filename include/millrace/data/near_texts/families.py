"""`families`: which texts are near duplicates of one another. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from millrace.data.near_duplicates.expand import expand
from millrace.data.near_duplicates.unite import unite
from millrace.data.near_texts.shelf import Shelf
from millrace.data.near_texts.shingles import Numbers
from millrace.data.near_texts.signatures import BANDS
from millrace.data.near_texts.similar import similar

_NEXT = 16  # texts of equal key that one is compared with, beside the first of them
_MOST_FAILURES = 16  # comparisons of two texts in vain, after which they are left
_LEAST_EQUAL = 27  # of 60 values of the signatures: at a Jaccard index of 0.6 in 99 % of pairs
_AT_ONCE = 1 << 15  # pairs

Pairs = tuple[Numbers, Numbers]


class _Search:
    """The families that are found so far."""

    def __init__(self, shelf: Shelf) -> None:
        self._sets, self._signatures = shelf.sets(), shelf.signatures()
        self.family = np.arange(len(self._sets.ends) - 1)
        self._failures = np.zeros(len(self.family), np.int32)

    def compare(self, first: Numbers, second: Numbers) -> None:
        """Unite the near duplicates among pairs of texts."""
        tried = np.minimum(self._failures[first], self._failures[second])
        first, second = _where(
            (self.family[first] != self.family[second]) & (tried < _MOST_FAILURES), first, second
        )
        equal = (self._signatures[first] == self._signatures[second]).sum(axis=1)
        first, second = _where(equal >= _LEAST_EQUAL, first, second)
        alike = similar(self._sets, first, second)
        for texts in (first[~alike], second[~alike]):
            np.add.at(self._failures, texts, 1)
        unite(self.family, first[alike], second[alike])


def families(shelf: Shelf) -> Numbers:
    """Return, for every text, the lowest number of its family; its own where it is alone.

    Where many texts share a band's values, not all of them are compared with each other; see
    decisions/026. Texts with the same shingles are one from the start.
    """
    search = _Search(shelf)
    sizes = np.diff(shelf.sets().ends)
    _unite_equal(search.family, shelf.prints(), sizes)
    texts = np.flatnonzero((search.family == np.arange(len(sizes))) & (sizes > 0))
    for band in range(BANDS):
        keys, following = (shelf.keys(n % BANDS)[texts] for n in (band, band + 1))
        order = np.lexsort((following, keys))
        for pairs in _candidates(keys[order], texts[order], search.family):
            search.compare(*pairs)
    return search.family


def _unite_equal(family: Numbers, prints: npt.NDArray[np.uint64], sizes: Numbers) -> None:
    order = np.lexsort((prints, sizes))
    order = order[np.searchsorted(sizes[order], 1) :]
    same = (prints[order[1:]] == prints[order[:-1]]) & (sizes[order[1:]] == sizes[order[:-1]])
    unite(family, order[:-1][same], order[1:][same])


def _candidates(keys: npt.NDArray[np.uint64], texts: Numbers, family: Numbers) -> Iterator[Pairs]:
    """Yield pairs of texts with equal keys, which are sorted: first each with the first of its run,
    then each with the next ones, in runs that are not one family by then.
    """
    if not len(keys):
        return
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    stops = np.append(starts[1:], len(keys))
    for first, second in expand(starts, starts + 1, stops, _AT_ONCE):
        yield texts[first], texts[second]
    families_of = family[texts]
    lowest = np.minimum.reduceat(families_of, starts)
    open_ = (lowest != np.maximum.reduceat(families_of, starts)) & (stops - starts > 2)
    places = _places(starts[open_] + 1, stops[open_])
    ends = np.repeat(stops[open_], (stops - starts - 1)[open_])
    ends = np.minimum(ends, places + 1 + _NEXT)
    for first, second in expand(places, places + 1, ends, _AT_ONCE):
        yield texts[first], texts[second]


def _places(starts: Numbers, stops: Numbers) -> Numbers:
    """Return all numbers from each start to its stop."""
    counts = stops - starts
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def _where(chosen: npt.NDArray[np.bool_], first: Numbers, second: Numbers) -> Pairs:
    return first[chosen], second[chosen]
