"""`FinishedFeed`: training records whose values are changed at random before they are inputs.

What happens to a record is a function of the seed, the epoch and its place in the epoch's order, so
a training that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.learning.dataset import DatasetSplit
from millrace.learning.modality import Finish, Inputs, Learnt
from millrace.learning.target import Values
from millrace.learning.training.feed import FITS, EpochReader, Feed, Stream, ahead, open_feed

BLOCK = 4_096
"""Records that are changed at once, by one random generator."""


class FinishedFeed:
    """See `millrace.learning.training.feed.Feed`.

    Args:
        feed: of values. finish: makes inputs of them. seed: of the training.
    """

    def __init__(self, feed: Feed, finish: Finish, seed: int) -> None:
        self.rows = feed.rows
        self._feed = feed
        self._finish = finish
        self._seed = seed

    def epoch(self, number: int, start: int = 0) -> EpochReader:
        """Open epoch `number`, from 1, after its first `start` records."""
        return Stream(ahead(self._blocks(number, start)))

    def _blocks(self, number: int, start: int) -> Iterator[tuple[Inputs, Values]]:
        first = start // BLOCK
        reader = self._feed.epoch(number, first * BLOCK)
        done = start - first * BLOCK
        for block in range(first, -(-self.rows // BLOCK)):
            values, classes = reader.take(min(BLOCK, self.rows - block * BLOCK))
            random = np.random.default_rng((self._seed, number, block + 1))
            yield self._finish(values, random)[done:], classes[done:]
            done = 0


def open_learnt_feed(split: DatasetSplit, seed: int, learnt: Learnt, fits: int = FITS) -> Feed:
    """Return the feed of `split`, with what `learnt` does to values; see `open_feed`."""
    if learnt.finish is None:
        return open_feed(split, seed, fits)
    values = replace(split, encoder=_Values(learnt))
    return FinishedFeed(open_feed(values, seed, fits), learnt.finish, seed)


class _Values:
    """An encoder that gives values, Python objects, in place of inputs."""

    name = "values"
    shape: tuple[int, ...] = ()
    dtype = "object"

    def __init__(self, learnt: Learnt) -> None:
        self.columns: Sequence[str] = learnt.encoder.columns
        self._learnt = learnt

    def check(self, schema: pa.Schema) -> None:
        self._learnt.encoder.check(schema)

    def __call__(self, records: pa.Table) -> Inputs:
        return self._learnt.values(records)

    def to_document(self) -> dict[str, Any]:
        return {"name": self.name, "shape": list(self.shape), "dtype": self.dtype}
