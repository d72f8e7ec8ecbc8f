"""The columns of record tables at every stage. No stage adds or renames one anywhere else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def _text(name: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, pa.string(), nullable=nullable)


DIGEST = pa.binary(16)
"""Type of a content digest: BLAKE2b, 16 bytes, of the decoded content."""

_PLACE = [
    _text("record_id"),
    _text("source"),
    pa.field("position", pa.int64(), nullable=False),
    _text("origin"),
]
_NAMED = [*_PLACE, _text("group", nullable=True), _text("label", nullable=True)]
_CONTENT = [pa.field("content", pa.binary(), nullable=True), _text("encoding")]

RAW = pa.schema([*_NAMED, *_CONTENT])
"""A collected record: where it came from, and its bytes as they were."""


def clean(*further: pa.Field) -> pa.Schema:
    """Return the columns of records that kept the contract.

    Args:
        further: what the modality stores beside the content, which is decoded.
    """
    digest = pa.field("content_digest", DIGEST, nullable=False)
    return pa.schema([*_NAMED, digest, *further, *_CONTENT])


QUARANTINE = pa.schema(
    [*_PLACE, _text("label", nullable=True), _text("reason"), _text("detail"), *_CONTENT]
)
"""A refused record: which rule it broke, and its bytes."""

DUPLICATES = pa.schema([*_PLACE, _text("label", nullable=True), _text("duplicate_of")])
"""A record whose content an accepted record has already; `duplicate_of` is that record's id."""


def canonical(*payload: pa.Field) -> pa.Schema:
    """Return the columns of canonical records; the payload is what the model sees."""
    digest = pa.field("content_digest", DIGEST, nullable=False)
    return pa.schema([*_NAMED, digest, *payload])


def dataset(records: pa.Schema) -> pa.Schema:
    """Return the columns of a data set's splits, of canonical records."""
    return records.append(_text("split"))


def digest_column(digests: npt.NDArray[np.bytes_]) -> pa.Array:
    """Return 16-byte digests as a column."""
    data = pa.py_buffer(np.ascontiguousarray(digests))
    return pa.FixedSizeBinaryArray.from_buffers(DIGEST, len(digests), [None, data])
