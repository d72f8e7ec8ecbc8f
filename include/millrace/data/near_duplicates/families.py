"""`families`: which pictures are near duplicates of one another. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.near_duplicates.candidates import Numbers, Pairs, candidates
from millrace.data.near_duplicates.fingerprints import Hashes
from millrace.data.near_duplicates.similar import similar

Thumbnails = Callable[[Numbers], Images]
"""Returns the thumbnails ``(count, 256)`` uint8 of some numbers, which ascend; for an array or a
memory map, its ``__getitem__``."""

_AT_ONCE = 1 << 13  # pairs compared on their thumbnails at once


def families(hashes: Hashes, thumbnails: Thumbnails) -> npt.NDArray[np.int64]:
    """Return, for every picture, the lowest number of its family; its own where it is alone.

    Families are the connected parts of the graph of near duplicates, so the order of the pictures
    decides nothing but the numbers. Memory holds a few numbers a picture; thumbnails are read only
    where hashes are close.

    Args:
        hashes: ``(rows,)`` uint64, see `fingerprints`.
        thumbnails: reads those of the same pictures.
    """
    family = np.arange(len(hashes))
    for pairs in candidates(hashes):
        for first, second in _parts(pairs):
            open_ = family[first] != family[second]
            first, second = first[open_], second[open_]
            if len(first):
                alike = _compare(first, second, thumbnails)
                _unite(family, first[alike], second[alike])
    return family


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    for start in range(0, len(pairs[0]), _AT_ONCE):
        yield pairs[0][start : start + _AT_ONCE], pairs[1][start : start + _AT_ONCE]


def _compare(first: Numbers, second: Numbers, thumbnails: Thumbnails) -> npt.NDArray[np.bool_]:
    needed, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    read = thumbnails(needed)
    return similar(read, places[: len(first)], places[len(first) :])


def _unite(family: Numbers, first: Numbers, second: Numbers) -> None:
    """Join the families of each pair, in place, under their lowest number."""
    while len(first):
        high = np.maximum(family[first], family[second])
        low = np.minimum(family[first], family[second])
        np.minimum.at(family, high, low)
        while (family[family] != family).any():
            family[:] = family[family]
        apart = family[first] != family[second]
        first, second = first[apart], second[apart]
