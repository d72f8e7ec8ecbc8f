"""`balanced`: groups shared out among parts, so that every class is spread by the parts' weights.

Groups are given out one at a time, the largest first, each to the part where it costs least: the
sum over parts of the squared difference between what a part has of each class and what it should
have, relative to its weight. Ties fall to the part that has the fewest records. A class that a part
then lacks is brought there by its smallest group, where another part keeps all its classes without.
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

    def pairs(self) -> tuple[Numbers, Numbers]:
        """Return every group with each class that it has: groups (n,) and classes (n,)."""
        of = np.repeat(np.arange(len(self.sizes)), self.sizes)
        most = int(self._classes.max()) + 1
        return np.divmod(np.unique(of * most + self._classes), most)


def _fill_gaps(table: _Groups, parts: Numbers, count: int) -> None:
    """Move a group of every class to each part that has none of it."""
    owners, names = table.pairs()
    for name, part in np.argwhere(_held(parts, owners, names, count).T == 0).tolist():
        held = _held(parts, owners, names, count)
        needed = np.bincount(owners, held[parts[owners], names] < 2) > 0
        spare = owners[(names == name) & ~needed[owners]]
        if len(spare) and not held[part, name]:
            parts[spare[np.argmin(table.sizes[spare])]] = part


def _held(parts: Numbers, owners: Numbers, names: Numbers, count: int) -> Numbers:
    """Return how many groups of every class each part has, (parts, classes)."""
    held = np.zeros((count, int(names.max()) + 1), np.int64)
    np.add.at(held, (parts[owners], names), 1)
    return held
