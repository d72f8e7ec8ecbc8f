"""`Shelf`: what is known of texts, on disk, so that memory holds a few bytes a text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.near_texts.shingles import Numbers, Sets, shingle
from millrace.data.near_texts.signatures import (
    BANDS,
    WIDTH,
    Signatures,
    band_keys,
    signatures,
)
from millrace.data.scratch_rows import ScratchRows

Keys = npt.NDArray[np.uint64]


class Shelf:
    """The shingles and the signatures of texts.

    Args:
        folder: an existing one.
    """

    def __init__(self, folder: Path) -> None:
        self._hashes = ScratchRows(folder / "shingles", np.uint32)
        self._signatures = ScratchRows(folder / "signatures", np.uint32, BANDS * WIDTH)
        self._prints = ScratchRows(folder / "prints", np.uint64)
        self._keys = [ScratchRows(folder / f"keys-{band}", np.uint64) for band in range(BANDS)]
        self._sizes = [np.zeros(0, np.uint16)]

    def append(self, texts: pa.Array) -> None:
        """Take texts (`pa.string()`, no null)."""
        for sets in shingle(texts):
            made = signatures(sets)
            self._hashes.append(sets.hashes)
            self._signatures.append(made)
            self._prints.append(_prints(sets))
            for band, keys in enumerate(self._keys):
                keys.append(band_keys(made[:, band]))
            self._sizes.append(np.diff(sets.ends).astype(np.uint16))

    def sizes(self) -> npt.NDArray[np.uint16]:
        """Return how many shingles every text has."""
        return np.concatenate(self._sizes)

    def prints(self) -> Keys:
        """Return a 64-bit word of every text, equal where the shingles are."""
        return self._prints.read()

    def keys(self, band: int, texts: Numbers) -> Keys:
        """Return the keys of a band, of texts whose numbers ascend."""
        return self._keys[band].take(texts)

    def signatures(self, texts: Numbers) -> Signatures:
        """Return the signatures ``(texts, 60)`` of texts whose numbers ascend."""
        return self._signatures.take(texts)

    def sets(self, starts: Numbers, sizes: Numbers) -> Sets:
        """Return the shingles of texts whose numbers ascend.

        Args:
            starts: shingles of all texts before each. sizes: how many each has.
        """
        ends = np.concatenate([[0], np.cumsum(sizes)])
        return Sets(self._hashes.take(spread(starts, sizes)), ends)


def spread(starts: Numbers, counts: Numbers) -> Numbers:
    """Return the numbers from each start, as many as its count."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def _prints(sets: Sets) -> Keys:
    """Return the sum of each text's shingles, mixed to 64 bits."""
    mixed = sets.hashes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    sums = np.zeros(len(sets.ends) - 1, np.uint64)
    some = np.flatnonzero(np.diff(sets.ends))
    if len(some):
        sums[some] = np.add.reduceat(mixed, sets.ends[some])
    return sums


def rows_of(numbers: Numbers, start: int, count: int) -> Numbers:
    """Return which of `count` rows from `start` are among ascending numbers, from 0."""
    low, high = np.searchsorted(numbers, [start, start + count])
    return numbers[low:high] - start
