"""`shingle`: texts as sets of 32-bit hashes of their shingles. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

LENGTH = 5
"""Characters of a shingle."""

LARGEST = 1 << 12
"""Shingles that are kept of a text, at most: those with the lowest hashes (a bottom-k sketch)."""

_AT_ONCE = 1 << 17  # characters of a batch, about: what a processor's cache holds
_FACTORS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)  # odd, as in xxHash32

Hashes = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sets:
    """The shingles of some texts.

    Attributes:
        hashes: of all texts, one after another; ascending and distinct within a text.
        ends: ``(texts + 1,)``; those of text n lie from ``ends[n]`` to ``ends[n + 1]``.
    """

    hashes: Hashes
    ends: Numbers


def shingle(texts: pa.Array) -> Iterator[Sets]:
    """Yield the sets of texts (`pa.string()`, no null), in order, some texts at a time."""
    folded = pc.utf8_lower(texts)
    folded = pc.replace_substring_regex(folded, r"[\s\pZ\pC]+", " ")
    folded = pc.utf8_trim_whitespace(folded)
    lengths = pc.utf8_length(folded).to_numpy().astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    start = 0
    while start < len(folded):
        stop = int(np.searchsorted(ends, ends[start] + _AT_ONCE, "right")) - 1
        stop = min(max(stop, start + 1), len(folded))
        yield _sets(folded.slice(start, stop - start), lengths[start:stop])
        start = stop


def _sets(texts: pa.Array, lengths: Numbers) -> Sets:
    """Return the sets of some texts.

    A text that is shorter than a shingle is filled up, so every text but the empty one has one.
    """
    characters, padded = _characters(texts, lengths)
    ends = np.cumsum(padded)
    starts = ends - padded
    counts = np.maximum(padded - (LENGTH - 1), 0)
    firsts = np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    rows = np.repeat(np.arange(len(texts), dtype=np.uint64), counts)
    keys = np.sort(rows << np.uint64(32) | _hashed(characters)[firsts])
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return _cut(keys, len(texts))


def _characters(texts: pa.Array, lengths: Numbers) -> tuple[Hashes, Numbers]:
    """Return the code points of all texts, and how many each has, with those it is filled with."""
    whole = "".join(texts.to_pylist())
    points: Hashes = np.frombuffer(whole.encode("utf-32-le"), "<u4")
    padded = np.where(lengths > 0, np.maximum(lengths, LENGTH), 0)
    if (padded == lengths).all():
        return points, padded
    filled = np.zeros(padded.sum(), np.uint32)
    ends, starts = np.cumsum(padded), np.cumsum(lengths)
    places = np.repeat(ends - padded - (starts - lengths), lengths) + np.arange(len(points))
    filled[places] = points
    return filled, padded


def _hashed(characters: Hashes) -> Hashes:
    """Return a hash of the shingle that begins at each place; of the last four, anything."""
    count = len(characters)
    mixed = np.zeros(count, np.uint32)
    for place, factor in enumerate(_FACTORS):
        part = mixed[: count - place]
        part += characters[place:] * np.uint32(factor)
        if place < LENGTH - 1:
            part ^= part >> np.uint32(15)
            part *= np.uint32(0x2C1B3C6D)
    return finalised(mixed)


def finalised(values: Hashes) -> Hashes:
    """Mix 32-bit words in place (the finaliser of MurmurHash3, a bijection), and return them."""
    values ^= values >> np.uint32(16)
    values *= np.uint32(0x85EBCA6B)
    values ^= values >> np.uint32(13)
    values *= np.uint32(0xC2B2AE35)
    values ^= values >> np.uint32(16)
    return values


def _cut(keys: npt.NDArray[np.uint64], texts: int) -> Sets:
    """Return sets from sorted words of row and hash, none larger than `LARGEST`."""
    borders = np.arange(texts + 1, dtype=np.uint64) << np.uint64(32)
    ends = np.searchsorted(keys, borders).astype(np.int64)
    hashes = keys.astype(np.uint32)
    sizes = np.diff(ends)
    if (sizes <= LARGEST).all():
        return Sets(hashes, ends)
    kept = np.arange(len(hashes)) - np.repeat(ends[:-1], sizes) < LARGEST
    return Sets(hashes[kept], np.concatenate([[0], np.cumsum(np.minimum(sizes, LARGEST))]))
