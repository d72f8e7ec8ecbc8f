"""`unite`: families as the connected parts of a graph, whose edges come in any order and parts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def unite(family: Numbers, first: Numbers, second: Numbers) -> None:
    """Join the families of each pair, in place, under their lowest number.

    Args:
        family: of each record, the lowest number of its family.
        first: numbers of records. second: likewise.
    """
    while len(first):
        high = np.maximum(family[first], family[second])
        low = np.minimum(family[first], family[second])
        np.minimum.at(family, high, low)
        while (family[family] != family).any():
            family[:] = family[family]
        apart = family[first] != family[second]
        first, second = first[apart], second[apart]
