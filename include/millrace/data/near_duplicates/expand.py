"""`expand`: the pairs of places with ranges of places, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Pairs = tuple[Numbers, Numbers]


def expand(firsts: Numbers, starts: Numbers, stops: Numbers, at_once: int) -> Iterator[Pairs]:
    """Yield each of `firsts` with every place from its start to its stop, a part at a time.

    Args:
        at_once: pairs of a part, about.
    """
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
