"""The columns of record tables at every stage. No stage adds or renames one anywhere else."""

from __future__ import annotations

import pyarrow as pa

from millrace.artifacts.tables import image_field


def _text(name: str, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, pa.string(), nullable=nullable)


DIGEST = pa.binary(16)
"""Type of a content digest: BLAKE2b, 16 bytes, of decoded pixels and their shape."""

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

THUMBNAIL_SIDE = 16
"""Height and width, in pixels, of the grey thumbnails that near duplicates are verified on."""

CLEAN = pa.schema(
    [
        *_NAMED,
        pa.field("content_digest", DIGEST, nullable=False),
        pa.field("perceptual_hash", pa.uint64(), nullable=True),
        pa.field("thumbnail", pa.binary(THUMBNAIL_SIDE**2), nullable=True),
        *_CONTENT,
    ]
)
"""A record that kept the contract, its content decoded to pixels.

The perceptual hash and the thumbnail are null where near duplicates are not asked for.
"""

QUARANTINE = pa.schema(
    [*_PLACE, _text("label", nullable=True), _text("reason"), _text("detail"), *_CONTENT]
)
"""A refused record: which rule it broke, and its bytes."""

DUPLICATES = pa.schema([*_PLACE, _text("label", nullable=True), _text("duplicate_of")])
"""A record whose content an accepted record has already; `duplicate_of` is that record's id."""


def canonical(shape: tuple[int, int, int]) -> pa.Schema:
    """Return the columns of canonical records with ``(height, width, channels)`` pictures."""
    digest = pa.field("content_digest", DIGEST, nullable=False)
    return pa.schema([*_NAMED, digest, image_field("image", shape)])


def dataset(shape: tuple[int, int, int]) -> pa.Schema:
    """Return the columns of a data set's splits."""
    return canonical(shape).append(_text("split"))
