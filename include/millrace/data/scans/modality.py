"""`Scans`: the modality `ct`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from copy import copy
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from millrace.artifacts.tables import GROUP_BYTES, Images, image_field, images_to_column
from millrace.data.encoding import DICOM
from millrace.data.modality import Content
from millrace.data.pictures.custom import custom_transform
from millrace.data.pictures.modality import Pictures
from millrace.data.scans.canonical import CanonicalSlices
from millrace.data.scans.examined import ScanExaminer
from millrace.data.scans.measured import as_seen
from millrace.data.scans.neighbours import Neighbours
from millrace.data.scans.slices import Slice, clean_slices, is_measured, measured_slice
from millrace.data.schemas import canonical
from millrace.data.threads import in_threads


class Scans(Pictures):
    """See `millrace.data.modality.Modality`. Slices of 8 bits are pictures."""

    noun: ClassVar[str] = "slice"
    files: ClassVar[str] = "slices"

    def examiner(self, params: Mapping[str, Any]) -> ScanExaminer:  # type: ignore[override]
        """Return what decodes slices and looks at them."""
        return ScanExaminer(params)

    def digests(self, table: pa.Table, params: Mapping[str, Any]) -> npt.NDArray[np.bytes_]:
        """Return the digests of the slices' values."""
        rules = {"near_duplicates": "keep"}
        return ScanExaminer({**params, "rules": rules, "labelled": False})(table).digests()

    def canonical(self, transform: Mapping[str, Any]) -> CanonicalScans:  # type: ignore[override]
        """Return what makes slices of one size, of the head alone."""
        return CanonicalScans(transform)

    def as_file(self, content: Content, origin: str) -> tuple[bytes, str] | None:
        """Return the slice's own file, or a PNG of it through a window of soft tissue."""
        data, encoding = content
        if data is None or not is_measured(encoding):
            return super().as_file(content, origin)
        if encoding == DICOM:
            return data, ".dcm"
        try:
            one, _ = measured_slice(data, encoding)
        except ValueError:
            return data, ".bin"
        buffer = io.BytesIO()
        Image.fromarray(as_seen(one)).save(buffer, "PNG")
        return buffer.getvalue(), ".png"

    def from_file(self, data: bytes, was: Content) -> Content | None:
        """Return a picture file; None where it is none, or was measured: an identified file must
        not come in by this door.
        """
        return None if is_measured(was[1]) else super().from_file(data, was)

    def same(self, one: Content, other: Content) -> bool:
        """Whether two slices have equal values."""
        if is_measured(one[1]) or is_measured(other[1]):
            return one == other
        return super().same(one, other)


class CanonicalScans:
    """See `millrace.data.modality.Canonical`; the payload is ``image``, a column of channels."""

    payload: ClassVar[Sequence[str]] = ("image",)

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self._neighbours: Neighbours | None = None
        self._make = CanonicalSlices(transform)
        self._custom = custom_transform(transform.get("custom"))
        shape = self._make.shape
        self.schema = canonical(image_field("image", shape))
        kinds = [channel["kind"] for channel in transform["channels"]]
        self.records: Mapping[str, Any] = {
            "modality": "ct",
            "shape": list(shape),
            "channels": kinds,
        }
        self.rows = max(1, GROUP_BYTES // prod(shape))

    def within(self, clean: Path) -> CanonicalScans:
        """Return what makes the canonical records of a file's records, beside their neighbours."""
        if not self._make.distances:
            return self
        known = copy(self)
        known._neighbours = Neighbours(clean, self._make.distances)
        return known

    def __call__(self, clean: pa.Table) -> pa.Table:
        """Return the canonical records of clean ones."""
        near: list[list[Slice | None]] = [[] for _ in range(clean.num_rows)]
        if self._neighbours is not None:
            near = self._neighbours.of(clean["record_id"].to_pylist())
        pairs = zip(clean_slices(clean), near, strict=True)
        made: list[Images] = in_threads(lambda pair: self._make(*pair), list(pairs))
        images = np.stack(made) if made else np.zeros((0, *self._make.shape), np.uint8)
        kept = clean.drop_columns(["content", "encoding"])
        return kept.append_column("image", images_to_column(self._custom(images)))
