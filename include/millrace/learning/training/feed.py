"""Records in the order of an epoch: from memory where they fit, else from shuffled row groups.

The order is a function of the seed and the epoch's number alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt

from millrace.learning.dataset import DatasetSplit
from millrace.learning.modality import Inputs
from millrace.learning.target import Values

FITS = 2 << 30
"""Bytes of inputs that are taken into memory."""

_POOL = 4  # row groups whose records are mixed with each other, at most
_POOL_BYTES = 256 << 20  # of their inputs, at most, unless one group has more


_Pool = tuple[Inputs, Values]


class EpochReader(Protocol):
    """The records of one epoch, in order."""

    def take(self, rows: int) -> tuple[Inputs, Values]:
        """Return the next `rows` inputs ``(rows, *shape)`` and classes."""


class Feed(Protocol):
    """Where training records come from."""

    rows: int

    def epoch(self, number: int, start: int = 0) -> EpochReader:
        """Open epoch `number`, from 1, after its first `start` records."""


class MemoryFeed:
    """All records in memory, in a new random order each epoch."""

    def __init__(self, split: DatasetSplit, seed: int) -> None:
        self.rows = split.rows
        self._inputs, self._classes = split.load()
        self._seed = seed

    def epoch(self, number: int, start: int = 0) -> EpochReader:
        """Open epoch `number`, from 1, after its first `start` records."""
        order = np.random.default_rng((self._seed, number)).permutation(self.rows)
        return _Gather(self._inputs, self._classes, order[start:])


class StreamingFeed:
    """Row groups in a new random order each epoch; records are mixed within a few groups.

    The next groups are read while the present ones are trained on; memory is bounded by the two.
    Records were shuffled once when the dataset was written.
    """

    def __init__(self, split: DatasetSplit, seed: int) -> None:
        self.rows = split.rows
        self._split = split
        self._seed = seed

    def epoch(self, number: int, start: int = 0) -> EpochReader:
        """Open epoch `number`, from 1, after its first `start` records."""
        random = np.random.default_rng((self._seed, number))
        return Stream(ahead(self._pools(random, start)))

    def _pools(self, random: np.random.Generator, start: int) -> Iterator[_Pool]:
        """Yield mixed records; a pool that lies before `start` is drawn, but not read."""
        sizes = self._split.group_rows()
        for groups in self._cut(random.permutation(len(sizes)).tolist(), sizes):
            rows = sum(sizes[group] for group in groups)
            order = random.permutation(rows)
            if start < rows:
                inputs, classes = self._mixed(groups, order)
                yield inputs[start:], classes[start:]
            start = max(start - rows, 0)

    def _cut(self, groups: list[int], sizes: list[int]) -> Iterator[list[int]]:
        """Cut the order of the row groups into pools."""
        pool: list[int] = []
        for group in groups:
            size = self._split.record_bytes * sum(sizes[other] for other in (*pool, group))
            if pool and (len(pool) == _POOL or size > _POOL_BYTES):
                yield pool
                pool = []
            pool.append(group)
        if pool:
            yield pool

    def _mixed(self, groups: list[int], order: npt.NDArray[np.int64]) -> _Pool:
        """Return the records of some groups in that order; one group more is alive meanwhile."""
        places = np.argsort(order)
        inputs, classes = self._split.empty(len(order))
        start = 0
        for some, indices in self._split.groups(groups):
            here = places[start : start + len(indices)]
            inputs[here], classes[here] = some, indices
            start += len(indices)
        return inputs, classes


def open_feed(split: DatasetSplit, seed: int, fits: int = FITS) -> Feed:
    """Return the feed for `split`: in memory where its inputs take at most `fits` bytes."""
    return MemoryFeed(split, seed) if split.bytes <= fits else StreamingFeed(split, seed)


def batch_ends(rows: int, batch_size: int) -> npt.NDArray[np.int64]:
    """Return where each batch ends: the fewest batches of at most `batch_size`, evenly filled.

    An even cut leaves no small last batch, whose statistics would disturb batch normalisation.
    """
    steps = -(-rows // batch_size)
    return np.arange(1, steps + 1, dtype=np.int64) * rows // steps


def batch_sizes(rows: int, batch_size: int) -> list[int]:
    """Return the sizes that the batches of an epoch have, ascending: one, or two neighbours."""
    sizes = np.diff(batch_ends(rows, batch_size), prepend=0)
    return [int(size) for size in np.unique(sizes)]


def ahead(pools: Iterator[_Pool]) -> Iterator[_Pool]:
    """Yield pools, the next one being made in a thread meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, pools, None)
        while (pool := following.result()) is not None:
            following = thread.submit(next, pools, None)
            yield pool


class _Gather:
    def __init__(self, inputs: Inputs, classes: Values, order: npt.NDArray[np.int64]) -> None:
        self._inputs, self._classes, self._order = inputs, classes, order
        self._next = 0

    def take(self, rows: int) -> tuple[Inputs, Values]:
        chosen = self._order[self._next : self._next + rows]
        self._next += rows
        return self._inputs[chosen], self._classes[chosen]


class Stream:
    """An `EpochReader` of pools of any size."""

    def __init__(self, pools: Iterator[_Pool]) -> None:
        self._pools = pools
        self._inputs: Inputs | None = None
        self._classes: Values | None = None

    def take(self, rows: int) -> tuple[Inputs, Values]:
        """Return the next `rows` inputs ``(rows, *shape)`` and classes."""
        while self._classes is None or len(self._classes) < rows:
            self._append(*next(self._pools))
        inputs, classes = self._inputs, self._classes
        if inputs is None or classes is None:  # pragma: no cover - the loop above filled both
            raise ValueError(rows)
        self._inputs, self._classes = inputs[rows:], classes[rows:]
        return inputs[:rows], classes[:rows]

    def _append(self, inputs: Inputs, classes: Values) -> None:
        if self._inputs is None or self._classes is None:
            self._inputs, self._classes = inputs, classes
        else:
            self._inputs = np.concatenate([self._inputs, inputs])
            self._classes = np.concatenate([self._classes, classes])
