"""`Spacing`: how large a picture element of a slice is, in millimetres."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from millrace.data.dicom.rescale import macro

if TYPE_CHECKING:
    from pydicom import Dataset

_LEAST, _MOST = 1e-3, 1_000.0  # mm


class Spacing(NamedTuple):
    """Millimetres between the centres of rows and of columns, and of the slice's thickness.

    None where the file does not tell, or tells something that no scanner makes.
    """

    row: float | None
    column: float | None
    thickness: float | None


def spacing_of(image: Dataset, frame: int) -> Spacing:
    """Return the spacing of a frame."""
    measures = macro(image, frame, "PixelMeasuresSequence") or image
    between = measures.get("PixelSpacing") or image.get("ImagerPixelSpacing") or ()
    rows = [_length(value) for value in between] if len(between) == 2 else [None, None]
    return Spacing(rows[0], rows[1], _length(measures.get("SliceThickness")))


def _length(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and _LEAST <= number <= _MOST else None
