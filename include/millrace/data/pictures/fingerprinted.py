"""`fingerprint_columns`: the columns that finding near duplicates needs. Compares nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import images_to_column
from millrace.data.near_duplicates.fingerprints import fingerprints_of, telling
from millrace.data.pictures.schema import CLEAN
from millrace.data.pictures.seen import Sight

_HASH, _THUMBNAIL = (CLEAN.field(name).type for name in ("perceptual_hash", "thumbnail"))


def fingerprint_columns(sight: Sight) -> tuple[pa.Array, pa.Array]:
    """Return the perceptual hash and the thumbnail of every row.

    Null where near duplicates are not asked for, where there are no pixels, and where a picture is
    too small or shows too little to tell its likes apart.
    """
    seen = [(group.rows, group.grids) for group in sight.groups if group.grids is not None]
    if not seen:
        return pa.nulls(sight.rows, _HASH), pa.nulls(sight.rows, _THUMBNAIL)
    rows = np.concatenate([rows for rows, _ in seen])
    found, small = fingerprints_of(np.concatenate([grids for _, grids in seen]))
    known = np.zeros(sight.rows, bool)
    known[rows] = telling(small)
    hashes = np.zeros(sight.rows, np.uint64)
    thumbnails = np.zeros((sight.rows, small.shape[1]), np.uint8)
    hashes[rows], thumbnails[rows] = found, small
    mask = pa.array(known)
    return (
        pc.if_else(mask, pa.array(hashes), pa.scalar(None, _HASH)),
        pc.if_else(mask, images_to_column(thumbnails), pa.scalar(None, _THUMBNAIL)),
    )
