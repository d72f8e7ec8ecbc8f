"""`find_equals`: which records have equal content, which of them is kept, and who disagrees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Equals:
    """What was found among records.

    Attributes:
        original: for every record, the number of the record that is kept of its equals (itself,
            where it is the one).
        conflicting: whether its equals carry more than one label.
    """

    original: npt.NDArray[np.int64]
    conflicting: npt.NDArray[np.bool_]

    @property
    def duplicate(self) -> npt.NDArray[np.bool_]:
        """Which records an equal one replaces, where nobody disagrees."""
        replaced: npt.NDArray[np.bool_] = self.original != np.arange(len(self.original))
        return replaced & ~self.conflicting


def find_equals(
    digests: npt.NDArray[np.bytes_],
    labels: npt.NDArray[np.int32],
    preference: npt.NDArray[np.int64],
) -> Equals:
    """Compare records by digest.

    Args:
        digests: 16 bytes a record.
        labels: label numbers.
        preference: the lowest of equal records is kept; no two are equal.
    """
    words = digests.view(np.uint64).reshape(-1, 2)
    if not len(words):
        return Equals(np.zeros(0, np.int64), np.zeros(0, bool))
    order = np.lexsort((preference, words[:, 1], words[:, 0]))
    ordered = words[order]
    starts = np.flatnonzero(np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)])
    sizes = np.diff(np.r_[starts, len(order)])
    sorted_labels = labels[order]
    disagree = np.minimum.reduceat(sorted_labels, starts) != np.maximum.reduceat(
        sorted_labels, starts
    )
    original = np.empty(len(order), np.int64)
    original[order] = np.repeat(order[starts], sizes)
    conflicting = np.empty(len(order), bool)
    conflicting[order] = np.repeat(disagree, sizes)
    return Equals(original, conflicting)
