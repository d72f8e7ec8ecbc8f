"""`Slice`: one record's slice, and how it is read from its bytes. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.decoding import decode
from millrace.data.encoding import DICOM
from millrace.data.pictures.channels import scale, set_channels
from millrace.data.scans.encoding import HOUNSFIELD, HounsfieldEncoding, Spacing
from millrace.errors import DataError

Values = npt.NDArray[np.int16] | npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Slice:
    """One slice.

    Attributes:
        values: ``(height, width)`` of int16 (HU) or uint8 (through an unknown window).
        spacing: of its pixels, millimetres.
    """

    values: Values
    spacing: Spacing = (None, None, None)

    @property
    def hounsfield(self) -> bool:
        """Whether its values are Hounsfield units."""
        return self.values.dtype == np.int16


class UnitlessError(ValueError):
    """A slice whose values have no unit."""


def is_measured(encoding: str) -> bool:
    """Whether a content of this encoding is in Hounsfield units."""
    return encoding == DICOM or encoding.startswith(HOUNSFIELD)


def measured_slice(content: bytes | None, encoding: str) -> tuple[Slice, HounsfieldEncoding]:
    """Return a slice in Hounsfield units, and how cleaning stores it.

    Raises:
        UnitlessError: its values have no unit, as those of magnetic resonance.
        ValueError: it cannot be decoded; the message says why.
    """
    if content is None:
        raise ValueError("no content")
    if encoding != DICOM:
        known = HounsfieldEncoding.parse(encoding)
        return Slice(known.values(content), known.spacing), known
    from millrace.data.dicom.pixels import decode as decode_dicom

    found = decode_dicom(content)
    if found.units != "HU":
        raise UnitlessError("the pixel values are not in Hounsfield units")
    height, width = found.pixels.shape
    row, column, thickness = found.spacing
    spacing = (row, column, thickness)
    return Slice(found.pixels, spacing), HounsfieldEncoding(height, width, spacing, found.place)


def clean_slices(clean: pa.Table) -> Iterator[Slice]:
    """Yield the slices of clean records, in order.

    Raises:
        DataError: a record holds none.
    """
    for content, encoding in zip(clean["content"], clean["encoding"], strict=True):
        name = encoding.as_py()
        try:
            if is_measured(name):
                yield measured_slice(content.as_py(), name)[0]
            else:
                yield _picture(content, encoding)
        except ValueError as error:
            raise DataError("a clean record holds no slice", received=str(error)) from error


def grey(images: npt.NDArray[np.uint8], maximum: int) -> npt.NDArray[np.uint8]:
    """Return ``(rows, height, width, channels)`` pictures as ``(rows, height, width)`` levels."""
    return set_channels(scale(images, maximum), 1)[..., 0]


def _picture(content: pa.Scalar, encoding: pa.Scalar) -> Slice:
    column = pa.chunked_array([pa.array([content.as_py()], pa.binary())])
    decoded = decode(column, pa.chunked_array([pa.array([encoding.as_py()], pa.string())]))
    if decoded.failures:
        raise ValueError(decoded.failures[0])
    (group,) = decoded.groups
    return Slice(grey(group.images, group.encoding.maximum)[0])
