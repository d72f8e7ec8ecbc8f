"""`Pictures`: the modality `image`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import GROUP_BYTES, image_field, images_to_column
from millrace.data.decoding import decode
from millrace.data.encoding import FILE
from millrace.data.modality import Content, Numbers
from millrace.data.near_duplicates.stored import stored_families
from millrace.data.pictures.canonical import CanonicalImages
from millrace.data.pictures.examined import PictureExaminer
from millrace.data.pictures.files import as_file, picture, same_picture
from millrace.data.pictures.schema import CLEAN
from millrace.data.schemas import canonical
from millrace.errors import DataError


class Pictures:
    """See `millrace.data.modality.Modality`."""

    clean: ClassVar[pa.Schema] = CLEAN
    noun: ClassVar[str] = "picture"
    files: ClassVar[str] = "pictures"

    def examiner(self, params: Mapping[str, Any]) -> PictureExaminer:
        """Return what decodes pictures and looks at them."""
        return PictureExaminer(params)

    def digests(self, table: pa.Table, _: Mapping[str, Any]) -> npt.NDArray[np.bytes_]:
        """Return the digests of the pictures' pixels."""
        return decode(table["content"], table["encoding"]).digests()

    def canonical(self, transform: Mapping[str, Any]) -> CanonicalPictures:
        """Return what makes pictures of one size."""
        return CanonicalPictures(transform)

    def families(
        self, cleaned: Sequence[Path], kept: Numbers, scratch: Path
    ) -> tuple[Numbers, Numbers]:
        """Find near duplicates by the stored fingerprints."""
        return stored_families(cleaned, kept, scratch)

    def as_file(self, content: Content, origin: str) -> tuple[bytes, str] | None:
        """Return the picture's own file, or a PNG of its pixels."""
        return as_file(content, origin)

    def from_file(self, data: bytes, _: Content) -> Content | None:
        """Return a picture file; None where it cannot be decoded."""
        return None if picture(data, FILE) is None else (data, FILE)

    def same(self, one: Content, other: Content) -> bool:
        """Whether two pictures have equal pixels."""
        return same_picture(one, other)


class CanonicalPictures:
    """See `millrace.data.modality.Canonical`; the payload is ``image``, a column of pixels."""

    payload: ClassVar[Sequence[str]] = ("image",)

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self._make = CanonicalImages(transform)
        shape = self._make.shape
        self.schema = canonical(image_field("image", shape))
        self.records: Mapping[str, Any] = {"modality": "image", "shape": list(shape)}
        self.rows = max(1, GROUP_BYTES // prod(shape))

    def __call__(self, clean: pa.Table) -> pa.Table:
        """Return the canonical records of clean ones."""
        decoded = decode(clean["content"], clean["encoding"])
        if decoded.failures:
            raise DataError("a clean record holds no pixels", received=decoded.failures)
        if len(decoded.groups) == 1:
            (group,) = decoded.groups
            images = self._make(group.images, group.encoding.maximum)
        else:
            images = np.zeros((clean.num_rows, *self._make.shape), np.uint8)
            for group in decoded.groups:
                images[group.rows] = self._make(group.images, group.encoding.maximum)
        kept = clean.drop_columns(["content", "encoding"])
        return kept.append_column("image", images_to_column(images))
