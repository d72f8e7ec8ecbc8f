"""`Rescale`: what makes measured units of stored values, and what else decides their meaning.

PS3.3 C.11.1 (Modality LUT), C.7.6.16.2.9 (the same of multi-frame images), C.7.5.1.1.2 (padding).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    from pydicom import Dataset

_HU = ("", "HU")
_MOST = 1e6  # of a slope or an intercept: more is no scanner's


@dataclass(frozen=True, slots=True)
class Rescale:
    """Measured = stored x `slope` + `intercept`; `units` are ``HU``, or ``raw`` where unknown."""

    slope: float
    intercept: float
    units: str


def rescale_of(image: Dataset, frame: int) -> Rescale:
    """Return the rescale of a frame.

    Raises:
        Undecodable: a CT image has none, or one that is no number.
    """
    found = macro(image, frame, "PixelValueTransformationSequence") or image
    slope, intercept = (found.get(name) for name in ("RescaleSlope", "RescaleIntercept"))
    computed = image.get("Modality") == "CT"
    if slope is None or intercept is None:
        if computed and not _derived(image):
            raise Undecodable("no rescale slope and intercept: Hounsfield units cannot be told")
        return Rescale(1.0, 0.0, "raw")
    values = _number(slope), _number(intercept)
    if values[0] == 0:
        raise Undecodable("the rescale slope is 0")
    measured = computed and str(found.get("RescaleType") or "").strip().upper() in _HU
    return Rescale(*values, "HU" if measured else "raw")


def macro(image: Dataset, frame: int, name: str) -> Dataset | None:
    """Return the functional group of a frame, its own or the shared one, of a multi-frame image."""
    own = image.get("PerFrameFunctionalGroupsSequence") or ()
    shared = image.get("SharedFunctionalGroupsSequence") or ()
    for group in (*own[frame : frame + 1], *shared[:1]):
        found = group.get(name)
        if found:
            first: Dataset = found[0]
            return first
    return None


def _derived(image: Dataset) -> bool:
    """Whether the values are a map of something that is not a density, such as perfusion."""
    return "PerFrameFunctionalGroupsSequence" in image or "SharedFunctionalGroupsSequence" in image


def _number(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not abs(number) <= _MOST:
        raise Undecodable("the rescale slope or intercept is not a number")
    return number
