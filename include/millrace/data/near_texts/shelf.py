"""`Shelf`: what is known of texts, on disk, so that memory holds a few numbers a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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

Keys = npt.NDArray[np.uint64]


class Shelf:
    """The shingles and the signatures of a number of texts.

    Args:
        folder: an existing one. texts: how many will be appended.
    """

    def __init__(self, folder: Path, texts: int) -> None:
        self._hashes, self._signatures = folder / "shingles", folder / "signatures"
        for path in (self._hashes, self._signatures):
            path.write_bytes(b"")
        self._keys: Any = np.zeros((BANDS, 0), np.uint64)
        if texts:
            self._keys = np.memmap(folder / "keys", np.uint64, "w+", shape=(BANDS, texts))
        self._sizes = [np.zeros(0, np.int64)]
        self._prints = [np.zeros(0, np.uint64)]
        self._rows = 0

    def append(self, texts: pa.Array) -> None:
        """Take texts (`pa.string()`, no null)."""
        with self._hashes.open("ab") as hashes, self._signatures.open("ab") as signs:
            for sets in shingle(texts):
                hashes.write(sets.hashes.tobytes())
                made = signatures(sets)
                signs.write(made.tobytes())
                stop = self._rows + len(made)
                for band in range(BANDS):
                    self._keys[band, self._rows : stop] = band_keys(made[:, band])
                self._rows = stop
                self._sizes.append(np.diff(sets.ends))
                self._prints.append(_prints(sets))

    def sets(self) -> Sets:
        """Return the shingles of all texts; the hashes are a memory map."""
        sizes = np.concatenate(self._sizes)
        return Sets(_mapped(self._hashes, np.uint32), np.concatenate([[0], np.cumsum(sizes)]))

    def prints(self) -> Keys:
        """Return a 64-bit word of every text, equal where the shingles are."""
        return np.concatenate(self._prints)

    def keys(self, band: int) -> Keys:
        """Return the keys of a band, a memory map."""
        keys: Keys = self._keys[band]
        return keys

    def signatures(self) -> Signatures:
        """Return ``(texts, 60)``, a memory map."""
        return _mapped(self._signatures, np.uint32).reshape(-1, BANDS * WIDTH)


def _mapped(path: Path, kind: type[Any]) -> npt.NDArray[Any]:
    """Return a file's values, mapped; nothing can be mapped of an empty one."""
    return np.memmap(path, kind, "r") if path.stat().st_size else np.zeros(0, kind)


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
