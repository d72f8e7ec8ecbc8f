"""`balanced`: groups shared out among parts, so that every class is spread by the parts' weights.

Groups are given out one at a time, the largest first, each to the part where it costs least: the
sum over parts of the squared difference between what a part has of each class and what it should
have, relative to its weight. Ties fall to the part that has the fewest records. A class that a part
then lacks is brought there by its smallest group, where another part can spare one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.data.integration.records import Hashes, mix

Numbers = npt.NDArray[np.int64]
_TIE = 1e-9


def balanced(
    classes: Numbers, groups: Hashes, weights: npt.NDArray[np.float64], seed: int
) -> Numbers:
    """Return the part of every record, (rows,); records of one group are in one part.

    Args:
        classes: of the records, 0 to n - 1, (rows,). groups: their hashes, (rows,).
        weights: of the parts, which sum to 1. seed: changes which groups go together.
    """
    table = _Groups(classes, groups, seed)
    total = np.bincount(classes).astype(np.float64)
    filled = np.zeros((len(weights), len(total)))
    parts = np.zeros(len(table.sizes), np.int64)
    for group in table.order.tolist():
        held, counts = table.held(group)
        have = filled[:, held]
        costs = (counts * (2 * have + counts) / total[held] ** 2).sum(axis=1) / weights
        part = int(np.argmin(costs + _TIE * filled.sum(axis=1) / weights))
        parts[group] = part
        filled[part, held] += counts
    _fill_gaps(table, parts, len(weights))
    return parts[table.inverse]


class _Groups:
    """Which records and how many of each class every group has."""

    def __init__(self, classes: Numbers, groups: Hashes, seed: int) -> None:
        names, self.inverse = np.unique(groups, return_inverse=True)
        self.sizes = np.bincount(self.inverse)
        self.order = np.lexsort((mix(names.astype(np.uint64), seed), -self.sizes))
        self._classes = classes[np.argsort(self.inverse, kind="stable")]
        self._ends = np.cumsum(self.sizes)

    def held(self, group: int) -> tuple[Numbers, Numbers]:
        """Return the classes of a group, and how many records it has of each."""
        end = self._ends[group]
        if self.sizes[group] == 1:
            return self._classes[end - 1 : end], np.ones(1, np.int64)
        return np.unique(self._classes[end - self.sizes[group] : end], return_counts=True)

    def having(self, name: int) -> Numbers:
        """Return the groups that have a class."""
        of = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return np.unique(of[self._classes == name])


def _fill_gaps(table: _Groups, parts: Numbers, count: int) -> None:
    """Move a group of every class to each part that has none of it."""
    for name in np.unique(table._classes).tolist():
        members = table.having(name)
        for part in range(count):
            held = np.bincount(parts[members], minlength=count)
            spare = members[held[parts[members]] > 1]
            if held[part] == 0 and len(spare):
                parts[spare[np.argmin(table.sizes[spare])]] = part
