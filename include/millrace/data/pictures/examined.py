"""`PictureExaminer`: looks at pictures for the clean stage; what it saw is an `Examined`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.encoding import FILE
from millrace.data.pictures.batches import batches
from millrace.data.pictures.contract import refuse_pictures
from millrace.data.pictures.facts import picture_facts
from millrace.data.pictures.fingerprinted import fingerprint_columns
from millrace.data.pictures.look import look
from millrace.data.pictures.seen import Asked, Sight
from millrace.errors import DataError


class PictureExaminer:
    """Decodes each picture once.

    Args:
        params: the clean stage's parameters.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._asked = Asked.by(params)

    def batches(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables, in order; those with picture files in parts."""
        return batches(tables, self._asked)

    def __call__(self, raw: pa.Table) -> ExaminedPictures:
        """Look at the pictures of a RAW table."""
        return ExaminedPictures(raw, look(raw, self._asked))


class ExaminedPictures:
    """What was seen of a RAW table's pictures."""

    def __init__(self, raw: pa.Table, sight: Sight) -> None:
        self._raw = raw
        self._sight = sight

    def facts(self, raw: pa.Table) -> pa.Table:
        """Return what is known of the pictures without what they show, see `FACTS`."""
        return picture_facts(raw, self._sight)

    def refuse(self, refusals: Refusals, rules: Mapping[str, Any]) -> None:
        """Refuse what breaks `millrace.workflow.images.ImageCleaning`."""
        refuse_pictures(refusals, self._sight, rules)

    def apply_rules(
        self, refusals: Refusals, labels: Sequence[str | None], paths: Sequence[str]
    ) -> None:
        """Apply the user's own rules to the pixels before their reduction."""
        seen = self._sight.groups
        groups = [(group.rows, group.full) for group in seen if group.full is not None]
        refuse_by_rules(refusals, groups, labels, paths)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the digest of every picture's pixels; zeros where there are none."""
        return self._sight.digests()

    def columns(self) -> Mapping[str, pa.Array]:
        """Return fingerprints, and pixels where there are files."""
        hashes, thumbnails = fingerprint_columns(self._sight)
        columns = {"perceptual_hash": hashes, "thumbnail": thumbnails}
        if pc.any(pc.equal(self._raw["encoding"], FILE)).as_py():
            columns["content"], columns["encoding"] = _pixel_columns(self._sight)
        return columns


def _pixel_columns(sight: Sight) -> tuple[pa.Array, pa.Array]:
    """Return pixels as they are stored, and their encodings; empty where undecodable."""
    sizes = np.zeros(sight.rows, np.int64)
    encoding = np.full(sight.rows, "", object)
    for group in sight.groups:
        sizes[group.rows] = group.encoding.size
        encoding[group.rows] = str(group.encoding)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    pixels = np.empty(ends[-1], np.uint8)
    for group in sight.groups:
        for start, image in zip(ends[group.rows].tolist(), group.images, strict=True):
            pixels[start : start + image.size] = image.reshape(-1)
    return _binary(pixels, ends), pa.array(encoding, pa.string())


def _binary(values: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> pa.Array:
    """Return a column of the bytes between `ends`, without a copy."""
    if ends[-1] > np.iinfo(np.int32).max:
        raise DataError(
            "the pictures of a batch are too large together",
            expected=f"at most {np.iinfo(np.int32).max} bytes of pixels",
            received=int(ends[-1]),
            remedy="Give the source a smaller `partition_rows`.",
        )
    offsets = pa.py_buffer(ends.astype(np.int32))
    buffers = [None, offsets, pa.py_buffer(values)]
    return pa.BinaryArray.from_buffers(pa.binary(), len(ends) - 1, buffers)
