"""`conforms`: whether a kept element holds what its attribute may hold (PS3.5 6.2), and no more.

Where a length is damaged, or written to hide something, a value swallows the elements behind it,
with whomever they name. Such an element must not be kept, whatever its attribute.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import DataElement

_PIXELS = 0x7FE00010
_CHARACTER_SET = 0x00080005
_CHARACTER_SETS = re.compile(r"|ISO_IR \d{1,3}|ISO 2022 IR \d{1,3}|GB18030|GBK")
_LONGEST = 128  # characters of a short text: twice what the standard allows
_FORMS = {
    "UI": re.compile(r"[0-9.]{1,64}"),
    "DS": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"),
    "IS": re.compile(r"[+-]?\d{1,12}"),
    "AS": re.compile(r"\d{3}[DWMY]"),
    "CS": re.compile(r"[ -~]{1,32}"),
    "AE": re.compile(r"[ -~]{1,16}"),
}
_NUMBERS = ("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT")
_ESCAPE = "\x1b"  # of a character set, ISO 2022


def conforms(element: DataElement) -> bool:
    """Whether the value is of the attribute's own kind and number, and plain."""
    from pydicom.datadict import dictionary_VM, dictionary_VR

    representation = element.VR
    if representation == "SQ" or element.is_empty:
        return True
    if representation not in dictionary_VR(element.tag).split(" or "):
        return False
    if not _may_be_so_many(element.VM, dictionary_VM(element.tag)):
        return False
    if representation in _NUMBERS:
        return True
    if isinstance(element.value, bytes):
        return int(element.tag) == _PIXELS
    if element.tag == _CHARACTER_SET:
        return all(_CHARACTER_SETS.fullmatch(text.strip()) for text in _texts(element))
    return are_plain(element)


def are_plain(element: DataElement) -> bool:
    """Whether the texts of an element are formed as their kind says."""
    return all(_is_plain(text, element.VR) for text in _texts(element))


def is_standard_uid(text: str) -> bool:
    """Whether a UID is one of the standard's own (PS3.6 annex A)."""
    from pydicom.config import IGNORE
    from pydicom.uid import UID

    kind: str = UID(text, validation_mode=IGNORE).type
    return kind != ""


def _may_be_so_many(count: int, allowed: str) -> bool:
    """Whether an attribute may have so many values; `allowed` is such as 1, 1-3, 2-2n."""
    least, _, most = allowed.partition("-")
    if not most:
        return count == int(least)
    return count >= int(least) and (most.endswith("n") or count <= int(most))


def _texts(element: DataElement) -> list[str]:
    value = element.value
    return [str(one) for one in (value if element.VM > 1 else (value,))]


def _is_plain(text: str, representation: str) -> bool:
    form = _FORMS.get(representation)
    if form is not None:
        return form.fullmatch(text.strip(" \0")) is not None
    controls = any(unicodedata.category(c) == "Cc" for c in text.replace(_ESCAPE, ""))
    return len(text) <= _LONGEST and not controls
