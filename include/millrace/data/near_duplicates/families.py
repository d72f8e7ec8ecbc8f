"""`families`: which pictures are near duplicates of one another. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.near_duplicates.candidates import (
    Numbers,
    Pairs,
    candidates,
    crowds,
    in_crowds,
)
from millrace.data.near_duplicates.fingerprints import Hashes
from millrace.data.near_duplicates.neighbours import neighbours
from millrace.data.near_duplicates.similar import similar
from millrace.data.near_duplicates.unite import unite

Thumbnails = Callable[[Numbers], Images]
"""Returns the thumbnails ``(count, 256)`` uint8 of some numbers, which ascend; for an array or a
memory map, its ``__getitem__``."""

_AT_ONCE = 1 << 16  # pairs compared at once, where they share thumbnails
_FEW = 1 << 13  # likewise, where they do not


def families(
    hashes: Hashes, thumbnails: Thumbnails, most: int | None = None
) -> npt.NDArray[np.int64]:
    """Return, for every picture, the lowest number of its family; its own where it is alone.

    Families are the connected parts of the graph of near duplicates, so the order of the pictures
    decides nothing but the numbers. Memory holds a few numbers a picture; thumbnails are read only
    where hashes are close.

    Args:
        hashes: ``(rows,)`` uint64, see `fingerprints`.
        thumbnails: reads those of the same pictures.
        most: see `crowds`.
    """
    family = np.arange(len(hashes))
    crowded = crowds(hashes, most)
    crowd = in_crowds(hashes, crowded)
    among = neighbours(hashes, crowd, thumbnails) if len(crowd) else ()
    for pairs in chain(candidates(hashes, crowded), among):
        for first, second in _parts(pairs):
            open_ = family[first] != family[second]
            first, second = first[open_], second[open_]
            if len(first):
                alike = _compare(first, second, thumbnails)
                unite(family, first[alike], second[alike])
    return family


def _parts(pairs: Pairs) -> Iterator[Pairs]:
    """Yield pairs in parts that need the memory of `_FEW` pairs' thumbnails, about."""
    first, second = pairs
    for start in range(0, len(first), _AT_ONCE):
        stop = min(start + _AT_ONCE, len(first))
        needed = np.unique(np.concatenate([first[start:stop], second[start:stop]]))
        step = _AT_ONCE if len(needed) <= 2 * _FEW else _FEW
        for low in range(start, stop, step):
            yield first[low : min(low + step, stop)], second[low : min(low + step, stop)]


def _compare(first: Numbers, second: Numbers, thumbnails: Thumbnails) -> npt.NDArray[np.bool_]:
    needed, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    read = thumbnails(needed)
    return similar(read, places[: len(first)], places[len(first) :])
