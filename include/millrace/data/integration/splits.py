"""`assign`: which side every record is on, by a stable hash of its group.

A group stays where it is as data grows, however the sources are cut and ordered. A source's fixed
side wins; a group that a fixed source holds draws its other records along. Where a source is fixed
to ``test`` (or ``validation``), no further share of the others is taken for it; where all sources
are fixed and none to ``validation``, that share is taken from the ``train`` ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.integration.rows import Rows
from millrace.errors import DataError

SIDES = ("test", "validation", "train")
"""The sides by preference: a record that could be on two is on the first."""

_TEST, _VALIDATION, _TRAIN = range(3)
_FREE = 3
_SHOWN = 5

Sides = npt.NDArray[np.int8]
Hashes = npt.NDArray[np.uint64]


def fixed_sides(rows: Rows, sources: Mapping[str, str | None]) -> Sides:
    """Return each record's fixed side, a place in `SIDES`; 3 where its source has none."""
    encoded = rows.sources.dictionary_encode()
    places = [_place(sources.get(name)) for name in encoded.dictionary.to_pylist()]
    sides: Sides = np.array(places, np.int8)[encoded.indices.to_numpy()]
    return sides


def assign(rows: Rows, fixed: Sides, split: Mapping[str, Any]) -> Sides:
    """Return each record's side, a place in `SIDES`.

    Args:
        fixed: see `fixed_sides`.
        split: the values of `millrace.workflow.learning.Split`.

    Raises:
        DataError: sources fixed to different sides share a group that they gave.
    """
    _check_groups(rows, fixed)
    groups = _groups(rows, split["group"])
    sides = _follow(groups, fixed)
    free = sides == _FREE
    if not free.any() and not (sides == _VALIDATION).any():
        free = sides == _TRAIN
    test = 0.0 if (fixed == _TEST).any() else split["test"]
    validation = 0.0 if (fixed == _VALIDATION).any() else split["validation"]
    share = mix(groups[free], split["seed"]) / 2.0**64
    drawn = np.where(share < test, _TEST, np.where(share < test + validation, _VALIDATION, _TRAIN))
    sides[free] = drawn
    return sides


def shuffle_order(rows: Rows, seed: int) -> npt.NDArray[np.int64]:
    """Return the records' numbers in a seeded order that depends on their content and ids only."""
    keys = mix(mix(_content(rows), seed), 1)
    return np.lexsort((rows.id_rank, keys))


def mix(values: Hashes, seed: int) -> Hashes:
    """Return 64-bit hashes of hashes (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = values + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _place(side: str | None) -> int:
    return _FREE if side is None else SIDES.index(side)


def _follow(groups: Hashes, fixed: Sides) -> Sides:
    """Return the sides, free records of a fixed group being on that group's side."""
    sides = fixed.copy()
    for place in (_TRAIN, _VALIDATION, _TEST):
        here = fixed == place
        if here.any():
            sides[(fixed == _FREE) & np.isin(groups, groups[here])] = place
    return sides


def _check_groups(rows: Rows, fixed: Sides) -> None:
    given = rows.groups.is_valid().to_numpy(zero_copy_only=False) & (fixed != _FREE)
    encoded = rows.groups.filter(pa.array(given)).dictionary_encode()
    count = len(encoded.dictionary)
    pairs = np.unique(encoded.indices.to_numpy() * np.int64(_FREE) + fixed[given])
    shared = np.flatnonzero(np.bincount(pairs // _FREE, minlength=count) > 1)
    if not len(shared):
        return
    shown = "; ".join(
        f"{encoded.dictionary[group].as_py()!r} in "
        + " and ".join(SIDES[pair % _FREE] for pair in pairs[pairs // _FREE == group])
        for group in shared[:_SHOWN]
    )
    raise DataError(
        "a group is on more than one fixed side",
        where="integrate",
        expected="every group of the sources on one side",
        received=f"{len(shared):,} on several: {shown}",
        remedy="Take the group out of one of the sources, or leave `split` of one source free, "
        "so that its records follow their group.",
    )


def _groups(rows: Rows, group: str) -> Hashes:
    hashes = _content(rows) if group == "content" else _hash(rows.ids)
    own = rows.groups.is_valid().to_numpy(zero_copy_only=False)
    if own.any():
        hashes = hashes.copy()
        hashes[own] = _hash(rows.groups.filter(pa.array(own)))
    return hashes


def _content(rows: Rows) -> Hashes:
    return rows.digests.view("<u8").reshape(-1, 2)[:, 0].astype(np.uint64)


def _hash(texts: pa.Array) -> Hashes:
    encoded = texts.dictionary_encode()
    digests = [blake2b(t.encode(), digest_size=8).digest() for t in encoded.dictionary.to_pylist()]
    hashes = np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)
    spread: Hashes = hashes[encoded.indices.to_numpy()]
    return spread
