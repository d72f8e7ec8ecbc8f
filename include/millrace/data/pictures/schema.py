"""The columns of clean pictures."""

from __future__ import annotations

import pyarrow as pa

from millrace.data.schemas import clean

THUMBNAIL_SIDE = 16
"""Height and width, in pixels, of the grey thumbnails that near duplicates are verified on."""

CLEAN = clean(
    pa.field("perceptual_hash", pa.uint64(), nullable=True),
    pa.field("thumbnail", pa.binary(THUMBNAIL_SIDE**2), nullable=True),
)
"""A picture that kept the contract, decoded to pixels.

The perceptual hash and the thumbnail are null where near duplicates are not asked for.
"""
