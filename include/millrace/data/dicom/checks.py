"""`check`: whether bytes that are to be stored hold what they may not; reads them from the start.

Knows what was taken out of a file, and nothing of how: it would find what the de-identifier forgot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from millrace.data.dicom.conformance import conforms, is_standard_uid
from millrace.data.dicom.identifiers import Identifiers, texts_of
from millrace.data.dicom.parse import parse
from millrace.data.dicom.private import safe_private
from millrace.data.dicom.profile import REMOVE, Profile
from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

ATTRIBUTES = "no attribute is left that the profile removes, or that holds what it may not"
UIDS = "every UID is a pseudonym or one of the standard's own"
PRIVATE = "no private element is left but safe ones"
HEADER = "file header: empty preamble, no names of the sender"
SEARCH = "no original identifier of at least 4 characters is found again"

_PSEUDONYM = "2.25."
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_TEXTS = ("PN", "LO", "SH", "ST", "LT", "UT", "UC", "UR", "AE", "DA", "DT", "CS")
_MODELS = frozenset((0x00080070, 0x00081090, 0x00181020, 0x00181210))
_IN_PIXELS = 8  # characters of a value that is looked for among pixels, at least: less is chance
_META = (0x00020016, 0x00020017, 0x00020018, 0x00020026, 0x00020027, 0x00020028)


def check(content: bytes, identifiers: Identifiers, profile: Profile) -> dict[str, bool]:
    """Return each check's name and whether it passed.

    Args:
        content: of a de-identified file. identifiers: of the original.

    Raises:
        Undecodable: the bytes cannot be read as DICOM.
    """
    found = parse(content)
    try:
        with quiet():
            walked = list(_walk(found))
            elements = [element for element, _ in walked]
            return {
                ATTRIBUTES: all(_may_be(element, depth, profile) for element, depth in walked),
                UIDS: all(_is_pseudonym(e) for e in elements if e.VR == "UI"),
                PRIVATE: _only_safe(found, profile),
                HEADER: not any(content[:128]) and not any(t in found.file_meta for t in _META),
                SEARCH: not (
                    _in_elements(elements, identifiers) or _in_bytes(content, identifiers)
                ),
            }
    except Exception as error:
        raise Undecodable(f"the checks failed ({type(error).__name__})") from None


def _walk(dataset: Dataset, depth: int = 0) -> Iterator[tuple[DataElement, int]]:
    """Yield the elements, and in how many sequences they are."""
    for element in dataset:
        yield element, depth
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _walk(item, depth + 1)


def _may_be(element: DataElement, depth: int, profile: Profile) -> bool:
    if element.tag.is_private:
        return True
    return profile.action(element.tag, element.VR, depth) != REMOVE and conforms(element)


def _is_pseudonym(element: DataElement) -> bool:
    return all(t.startswith(_PSEUDONYM) or is_standard_uid(t) for t in texts_of(element))


def _only_safe(dataset: Dataset, profile: Profile) -> bool:
    safe = safe_private(dataset) if profile.keeps_safe_private else frozenset()
    inner = (item for element in dataset if element.VR == "SQ" for item in element.value or ())
    own = all(not tag.is_private or tag in safe for tag in dataset.keys())  # noqa: SIM118
    return own and all(_only_safe(item, profile) for item in inner)


def _in_elements(elements: list[DataElement], identifiers: Identifiers) -> bool:
    for element in elements:
        if element.VR not in _TEXTS:
            continue
        term = element.VR in ("CS", "DA", "DT") or element.tag in _MODELS
        if any(identifiers.are_in(text, term=term) for text in texts_of(element)):
            return True
    return False


def _in_bytes(content: bytes, identifiers: Identifiers) -> bool:
    """Whether a direct identifier is anywhere in the file, in any case and of several encodings.

    A short one is looked for as a word, as `Anne` is none in `Annex`, and not among pixels, where
    four bytes are soon equal.
    """
    lower = content.lower()
    pixels = lower.rfind(b"\xe0\x7f\x10\x00")
    pixels = pixels if pixels >= 0 else lower.rfind(b"\x7f\xe0\x00\x10")
    header = lower[:pixels] if pixels >= 0 else lower
    for value in identifiers.direct:
        if len(value) < _IN_PIXELS and value.replace(".", "").replace("-", "").isdigit():
            continue  # of numbers, only elements are searched: measures hold the same digits
        if len(value) >= _IN_PIXELS:
            found = any(form in lower for form in _forms(value))
        else:
            found = any(_is_word(form, header) for form in _forms(value))
        if found:
            return True
    return False


def _is_word(form: bytes, header: bytes) -> bool:
    """Whether bytes stand alone; behind them may be the group of the next element, 54 00."""
    around = rb"(?<![0-9a-z\x80-\xff])" + re.escape(form) + rb"(?![0-9a-z\x80-\xff][^\0])"
    return re.search(around, header, re.DOTALL) is not None


def _forms(value: str) -> set[bytes]:
    return {value.encode(encoding, "ignore").lower() for encoding in _ENCODINGS} - {b""}
