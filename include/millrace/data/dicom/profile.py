"""`Profile`: what becomes of an attribute, by DICOM PS3.15 Annex E with some of its options.

What the standard leaves to the implementer is decided for privacy: an attribute that no edition
knows is removed, and so is every text that the table does not mention, but for names of makers,
methods and codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from millrace.data.dicom.confidentiality_table import EDITION, TABLE

REMOVE, EMPTY, DUMMY, UID = "remove", "empty", "dummy", "uid"
SHIFT, CLEAN, CAP, KEEP = "shift", "clean", "cap", "keep"
"""Actions on an element. `KEEP` goes into the items of a sequence; `CAP` keeps an age up to 89."""

_BASIC = {
    "X": REMOVE,
    "X/Z": EMPTY,
    "X/Z/D": EMPTY,
    "Z": EMPTY,
    "X/D": DUMMY,
    "Z/D": DUMMY,
    "D": DUMMY,
    "U": UID,
    "X/Z/U*": KEEP,
}
_AGE = 0x00101010
_CHARACTERISTICS = (_AGE, 0x00100040, 0x00101020, 0x00101030)  # age, sex, size, weight
_PIXELS = 0x7FE00010
_PIXEL_GROUP = 0x7FE0
_FREE = ("LT", "ST", "UT", "UR", "UN", "OB", "OW", "OD", "OF", "OL", "OV", "PN")
_NAMING = ("LO", "SH", "UC")
_NAMES = frozenset(  # of makers, methods, coils and codes: the texts that are not of the table
    (
        *(0x00080070, 0x00081090, 0x00181020, 0x00181160, 0x00181210, 0x00281054),
        *(0x00080100, 0x00080102, 0x00080103, 0x00080104, 0x00080119, 0x00180024, 0x00180085),
        *(0x00181250, 0x00181251, 0x00120063),
    )
)
_UNBOUND = frozenset(  # coded strings without defined terms, and who asked for the procedure
    (0x00180039, 0x00203402, 0x00289537, 0x00700002, 0x00700080, 0x00321031)
)
_SOURCE_IMAGES = 0x00203100  # ids of other images, to 0x002031FF
_BODY_PART = 0x00180015  # a coded string, too, but typed by people
_NOTHING: Mapping[str, str] = {}


class Profile:
    """The basic profile with options.

    Args:
        privacy: values of `millrace.workflow.privacy.Privacy`.
    """

    def __init__(self, privacy: Mapping[str, Any]) -> None:
        self.shifts: bool = privacy["retain_dates"] == "shifted"
        self._descriptors: bool = privacy["clean_descriptors"]
        self._characteristics: bool = privacy["retain_patient_characteristics"]
        self.keeps_safe_private: bool = privacy["retain_safe_private"]
        self._actions: dict[tuple[int, str, bool], str] = {}

    name = f"DICOM PS3.15 {EDITION} Annex E, Basic Application Level Confidentiality Profile"

    @cached_property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Code values (scheme DCM, PS3.16 CID 7050) and meanings of the profile and its options."""
        options = (
            (self._descriptors, "113105", "Clean Descriptors Option"),
            (
                self.shifts,
                *("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
            ),
            (self._characteristics, "113108", "Retain Patient Characteristics Option"),
            (self.keeps_safe_private, "113111", "Retain Safe Private Option"),
        )
        taken = tuple((code, meaning) for on, code, meaning in options if on)
        return (("113100", "Basic Application Confidentiality Profile"), *taken)

    def action(self, tag: int, representation: str, depth: int = 0) -> str:
        """Return what becomes of a standard attribute.

        Args:
            tag: group and element. representation: the value's two letters (VR).
            depth: in how many sequences it is; pictures in sequences are removed.
        """
        key = (tag, representation, depth > 0)
        known = self._actions.get(key)
        if known is None:
            known = self._actions[key] = self._decided(int(tag), representation, depth > 0)
        return known

    def _decided(self, tag: int, representation: str, nested: bool) -> str:
        group = tag >> 16
        if group == _PIXEL_GROUP:
            return KEEP if tag == _PIXELS and not nested else REMOVE
        if tag & 0xFFFF == 0 or group < 8 or group & 0xFF00 in (0x5000, 0x6000):
            return REMOVE
        if tag in _UNBOUND or group << 16 | tag & 0xFF00 == _SOURCE_IMAGES:
            return REMOVE
        if tag == _BODY_PART:
            return CLEAN
        basic, options = _table().get(tag, ("", _NOTHING))
        if basic:
            return self._listed(tag, basic, options)
        return self._unlisted(tag, representation)

    def _listed(self, tag: int, basic: str, options: Mapping[str, str]) -> str:
        if self.shifts and options.get("dates"):
            return SHIFT
        if self._descriptors and options.get("descriptors"):
            return CLEAN
        if self._characteristics and tag in _CHARACTERISTICS:
            return CAP if tag == _AGE else KEEP
        return _BASIC[basic]

    def _unlisted(self, tag: int, representation: str) -> str:
        from pydicom.datadict import dictionary_has_tag

        if representation in ("DA", "DT", "TM"):
            return SHIFT if self.shifts else REMOVE
        if representation == "UI":
            return UID
        if not dictionary_has_tag(tag) or representation in _FREE:
            return REMOVE
        if representation in _NAMING and tag not in _NAMES:
            return REMOVE
        return KEEP


@lru_cache(maxsize=1)
def _table() -> Mapping[int, tuple[str, Mapping[str, str]]]:
    """Return basic action and options by tag; groups of many tags are decided by their number."""
    found: dict[int, tuple[str, Mapping[str, str]]] = {}
    basic, options = "", _NOTHING
    for line in TABLE.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            basic = words[0]
            options = dict(word.split("=") for word in words[1:])
            continue
        found.update((int(word, 16), (basic, options)) for word in words if "x" not in word)
    return found
