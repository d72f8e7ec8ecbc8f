"""`signatures`: the MinHash of every text, in bands. Compares nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.data.near_texts.shingles import Hashes, Sets

BANDS = 20
WIDTH = 3
"""Two texts of Jaccard index s agree in all 3 values of some of 20 bands with the probability
1 - (1 - s**3)**20: 0.992 at 0.6, 0.9998 at 0.7, 0.02 at 0.1."""

Signatures = npt.NDArray[np.uint32]
"""``(texts, 20, 3)``, or some texts of it."""

_RANDOM = np.random.Generator(np.random.PCG64(20))
_WORDS = _RANDOM.integers(0, 1 << 32, (2, BANDS * WIDTH), np.uint32, endpoint=False)
_MASKS, _FACTORS = _WORDS[0], _WORDS[1] | np.uint32(1)


def signatures(sets: Sets) -> Signatures:
    """Return the signatures of texts; zeros for an empty one.

    A value is the least of a text's hashes after a permutation of all 32-bit words.
    """
    made = np.zeros((len(sets.ends) - 1, BANDS * WIDTH), np.uint32)
    some = np.flatnonzero(np.diff(sets.ends))
    if not len(some):
        return made.reshape(-1, BANDS, WIDTH)
    starts = sets.ends[some]
    work: Hashes = np.empty_like(sets.hashes)
    least = np.empty((BANDS * WIDTH, len(some)), np.uint32)
    for number, (mask, factor) in enumerate(zip(_MASKS, _FACTORS, strict=True)):
        np.bitwise_xor(sets.hashes, mask, out=work)
        np.multiply(work, factor, out=work)
        np.minimum.reduceat(work, starts, out=least[number])
    made[some] = least.T
    return made.reshape(-1, BANDS, WIDTH)


def band_keys(band: Signatures) -> npt.NDArray[np.uint64]:
    """Return one 64-bit key for the values ``(texts, 3)`` of a band; equal where they are equal."""
    first, second, third = (band[:, place].astype(np.uint64) for place in range(WIDTH))
    keys = (first << np.uint64(32) | second) * np.uint64(0x9E3779B97F4A7C15)
    keys ^= keys >> np.uint64(29)
    keys += third
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    keys ^= keys >> np.uint64(32)
    return keys
