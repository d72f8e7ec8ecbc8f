"""Labels: the source's raw ones mapped to the workflow's, the missing and the unknown refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.reasons import MISSING_LABEL, UNKNOWN_LABEL, Refusals

_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))
_WIDTHLESS = "\u200b\u200c\u200d\u2060\ufeff"
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_UNSEEN = _SPACES + _WIDTHLESS + _DIRECTIONS


def bare(label: str | None) -> str:
    """Return a label without what nobody sees around it."""
    return (label or "").strip(_UNSEEN)


def map_labels(raw: pa.ChunkedArray, label_map: Mapping[str, str | None]) -> pa.Array:
    """Return the labels in the workflow's words; null where the raw label is missing or unmapped.

    What nobody sees around a raw label (white space, byte order marks, marks of direction) is
    dropped; one that is then empty is missing.
    """
    encoded = raw.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.unify_dictionaries().chunks)
    words = [bare(label) for label in encoded.dictionary.to_pylist()]
    mapped = pa.array([label_map.get(word, word) or None for word in words], pa.string())
    return mapped.take(encoded.indices)


def refuse_labels(
    refusals: Refusals, raw: pa.ChunkedArray, labels: pa.Array, known: Sequence[str]
) -> None:
    """Refuse the rows without a label, and those whose label is not among `known` (empty: any)."""
    missing = np.flatnonzero(labels.is_null().to_numpy(zero_copy_only=False))
    details = [_missing(raw[row].as_py()) for row in missing.tolist()]
    refusals.refuse(missing, MISSING_LABEL, details)
    if known:
        found = pc.is_in(labels, pa.array(known, pa.string())).to_numpy(zero_copy_only=False)
        unknown = np.flatnonzero(~found)
        details = [f"label {labels[row].as_py()!r}" for row in unknown.tolist()]
        refusals.refuse(unknown, UNKNOWN_LABEL, details)


def _missing(raw: str | None) -> str:
    if not bare(raw):
        return "the source gives no label"
    return f"label_map maps {raw!r} to null"
