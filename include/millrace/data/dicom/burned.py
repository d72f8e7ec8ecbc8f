"""`burned_in`: why an image may show text about its patient; None where nothing says so.

What the header says is always looked at. Text among the pixels is looked for where the optional
package pytesseract and its program are installed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from typing import TYPE_CHECKING

from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from pydicom import Dataset
    from pydicom.tag import BaseTag

_SECONDARY = "1.2.840.10008.5.1.4.1.1.7"  # and its multi-frame kinds
_SCREENS = frozenset(("SCREEN SAVE", "SCREENSHOT", "SECONDARY CAPTURE", "DOSE REPORT", "REPORT"))
_WORD = re.compile(r"[^\W\d_]{3,}|\d{4,}")
# Confidence of the program, percent, of one word or of each of two. Of 50 PNG slices of head_ct
# one reached it without text; with a name of 12 to 24 pixels all three tried did.
_SURE, _FAIRLY_SURE = 80, 65


def burned_in(image: Dataset) -> str | None:
    """Return what of the header says that the pixels may show a name, in words."""
    if str(image.get("BurnedInAnnotation") or "").strip().upper() == "YES":
        return "text is burned in, as the header says"
    if str(image.get("RecognizableVisualFeatures") or "").strip().upper() == "YES":
        return "the patient can be recognised, as the header says"
    kind = str(image.get("SOPClassUID") or "")
    if kind == _SECONDARY or kind.startswith(f"{_SECONDARY}."):
        return "a secondary capture, which may show text"
    said = image.get("ImageType") or ()
    values = {str(v).strip().upper() for v in ([said] if isinstance(said, str) else said)}
    if values & _SCREENS or "ConversionType" in image:
        return "a picture of a screen or a scanned sheet, which may show text"
    if any(image[tag].value for tag in image.keys() if _places_overlay(tag)):  # noqa: SIM118
        return "an overlay among the bits of the pixels, which may show text"
    return None


def _places_overlay(tag: BaseTag) -> bool:
    """Whether a tag is that of an overlay's bit position (60xx,0102), which older files use."""
    return tag.group & 0xFF00 == 0x6000 and tag.element == 0x0102


@lru_cache(maxsize=1)
def can_read_text() -> bool:
    """Whether text among pixels can be looked for here."""
    return find_spec("pytesseract") is not None and which("tesseract") is not None


def shows_text(pixels: npt.NDArray[np.int16]) -> bool:
    """Whether words can be read in a slice.

    Args:
        pixels: (height, width), any values.

    Raises:
        Undecodable: the program that reads text failed.
    """
    import numpy as np

    reader = import_module("pytesseract")
    least, most = np.percentile(pixels, (0.5, 99.9))
    scaled = np.clip((pixels - least) * (255.0 / max(most - least, 1.0)), 0, 255)
    try:
        found = reader.image_to_data(
            255 - scaled.astype(np.uint8), config="--psm 11", output_type="dict"
        )
    except Exception as error:
        raise Undecodable(f"text could not be looked for ({type(error).__name__})") from None
    texts = zip(found["text"], found["conf"], strict=True)
    sure = [float(confidence) for text, confidence in texts if _WORD.search(text)]
    return max(sure, default=0) >= _SURE or sum(c >= _FAIRLY_SURE for c in sure) > 1
