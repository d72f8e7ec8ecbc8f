"""`plane_place`: where the plane of a slice lies along its normal, in millimetres."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from millrace.data.dicom.rescale import macro

if TYPE_CHECKING:
    from pydicom import Dataset


def plane_place(position: str, orientation: str) -> float | None:
    """Return the distance of a plane from the origin along its normal (PS3.3 C.7.6.2.1.1).

    Args:
        position, orientation: values of Image Position and Image Orientation (Patient), apart by
            backslashes. Without a readable orientation the plane is taken for an axial one.

    Returns:
        Millimetres, to 4 decimals; an axial plane's grow towards the head. None where the position
        does not tell.
    """
    at, axes = _numbers(position, 3), _numbers(orientation, 6)
    if at is None:
        return None
    if axes is None:
        return at[2]
    (a, b, c), (d, e, f) = axes[:3], axes[3:]
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    if not 0.9 < math.hypot(*normal) < 1.1:  # the axes are no unit vectors at a right angle
        return at[2]
    return round(sum(x * n for x, n in zip(at, normal, strict=True)), 4)


def place_of(image: Dataset, frame: int) -> float | None:
    """Return where a frame lies; see `plane_place`."""
    at = macro(image, frame, "PlanePositionSequence") or image
    axes = macro(image, frame, "PlaneOrientationSequence") or image
    return plane_place(
        _text(at.get("ImagePositionPatient")), _text(axes.get("ImageOrientationPatient"))
    )


def finite(text: str) -> float | None:
    """Return a number; None where a text is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _numbers(text: str, count: int) -> list[float] | None:
    found = [finite(part) for part in text.split("\\")]
    numbers = [number for number in found if number is not None]
    return numbers if len(numbers) == len(found) == count else None


def _text(values: Any) -> str:
    if values is None or isinstance(values, str):
        return values or ""
    try:
        return "\\".join(str(value) for value in values)
    except TypeError:
        return str(values)
