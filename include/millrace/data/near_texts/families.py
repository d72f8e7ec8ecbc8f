"""`families`: which texts are near duplicates of one another. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from millrace.data.near_duplicates.expand import expand
from millrace.data.near_duplicates.unite import unite
from millrace.data.near_texts.shelf import Keys, Shelf, spread
from millrace.data.near_texts.shingles import Numbers
from millrace.data.near_texts.signatures import BANDS
from millrace.data.near_texts.similar import parts_of, similar

_NEXT = 16  # texts of equal key that one is compared with, beside the first of them
_MOST_FAILURES = 16  # comparisons of two texts in vain, after which they are left
_LEAST_EQUAL = 27  # of 60 values of the signatures: at a Jaccard index of 0.6 in 99 % of pairs
_AT_ONCE = 1 << 15  # pairs
_READ = 1 << 12  # pairs whose signatures are read at once
_SHINGLES = 1 << 19  # that are read at once, about

Pairs = tuple[Numbers, Numbers]


class _Search:
    """The families that are found so far."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.sizes = shelf.sizes()
        self._ends = np.cumsum(self.sizes, dtype=np.int64)
        self.family = np.arange(len(self.sizes))
        self._failures = np.zeros(len(self.sizes), np.uint8)  # no more are counted than matter

    def compare(self, first: Numbers, second: Numbers) -> None:
        """Unite the near duplicates among pairs of texts."""
        tried = np.minimum(self._failures[first], self._failures[second])
        first, second = _where(
            (self.family[first] != self.family[second]) & (tried < _MOST_FAILURES), first, second
        )
        first, second = _where(self._equal(first, second) >= _LEAST_EQUAL, first, second)
        alike = self._alike(first, second)
        found = np.unique_counts(np.concatenate([first[~alike], second[~alike]]))
        failures = self._failures[found.values] + found.counts
        self._failures[found.values] = np.minimum(failures, _MOST_FAILURES)
        unite(self.family, first[alike], second[alike])

    def _equal(self, first: Numbers, second: Numbers) -> Numbers:
        """Return how many values of their signatures each pair shares."""
        equal = np.zeros(len(first), np.int64)
        for start in range(0, len(first), _READ):
            part = slice(start, start + _READ)
            texts, (a, b) = _distinct(first[part], second[part])
            read = self._shelf.signatures(texts)
            equal[part] = (read[a] == read[b]).sum(axis=1)
        return equal

    def _alike(self, first: Numbers, second: Numbers) -> npt.NDArray[np.bool_]:
        """Return which pairs are of near duplicates."""
        alike = np.zeros(len(first), bool)
        costs = self.sizes[first].astype(np.int64) + self.sizes[second]
        for part in parts_of(costs, _SHINGLES):
            texts, (a, b) = _distinct(first[part], second[part])
            sizes = self.sizes[texts].astype(np.int64)
            alike[part] = similar(self._shelf.sets(self._ends[texts] - sizes, sizes), a, b)
        return alike


def families(shelf: Shelf) -> Numbers:
    """Return, for every text, the lowest number of its family; its own where it is alone.

    Where many texts share a band's values, not all of them are compared with each other; see
    decisions/026. Texts with the same shingles are one from the start.
    """
    search = _Search(shelf)
    _unite_equal(search.family, shelf.prints(), search.sizes)
    alone = search.family == np.arange(len(search.family))
    texts = np.flatnonzero(alone & (search.sizes > 0))
    for band in range(BANDS):
        keys, sharing = _sharing(shelf.keys(band, texts), texts)
        order = np.lexsort((shelf.keys((band + 1) % BANDS, sharing), keys))
        for pairs in _candidates(keys[order], sharing[order], search.family):
            search.compare(*pairs)
    return search.family


def _unite_equal(family: Numbers, prints: Keys, sizes: npt.NDArray[np.uint16]) -> None:
    texts = np.flatnonzero(sizes)
    keys, texts = _sharing(prints[texts], texts)
    counts = sizes[texts]
    order = np.lexsort((keys, counts))
    keys, texts, counts = keys[order], texts[order], counts[order]
    same = (keys[1:] == keys[:-1]) & (counts[1:] == counts[:-1])
    unite(family, texts[:-1][same], texts[1:][same])


def _sharing(keys: Keys, texts: Numbers) -> tuple[Keys, Numbers]:
    """Return the keys that more than one text has, and these texts, in their order."""
    ordered = np.sort(keys)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(twice):
        return keys[:0], texts[:0]
    places = np.minimum(np.searchsorted(twice, keys), len(twice) - 1)
    shared = twice[places] == keys
    return keys[shared], texts[shared]


def _candidates(keys: Keys, texts: Numbers, family: Numbers) -> Iterator[Pairs]:
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
    places = spread(starts[open_] + 1, (stops - starts - 1)[open_])
    ends = np.repeat(stops[open_], (stops - starts - 1)[open_])
    ends = np.minimum(ends, places + 1 + _NEXT)
    for first, second in expand(places, places + 1, ends, _AT_ONCE):
        yield texts[first], texts[second]


def _distinct(first: Numbers, second: Numbers) -> tuple[Numbers, Pairs]:
    """Return the texts of some pairs, ascending, and the pairs of their places."""
    texts, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    return texts, (places[: len(first)], places[len(first) :])


def _where(chosen: npt.NDArray[np.bool_], first: Numbers, second: Numbers) -> Pairs:
    return first[chosen], second[chosen]
