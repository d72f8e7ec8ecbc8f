"""`Identifiers`: the values of a file that tell whom it shows, to be looked for where none may be.

Two kinds are told apart. *Direct* identifiers (names, numbers, UIDs, addresses, dates) may be
nowhere. *Described* ones are free text, and what private elements hold: a defined term or the name
of a scanner may agree with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from millrace.data.dicom.conformance import is_standard_uid
from millrace.data.dicom.descriptors import is_known
from millrace.data.dicom.profile import CLEAN, KEEP, Profile
from millrace.data.dicom.safe_private import is_safe_creator

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

LEAST = 4
"""Characters of a value that is looked for, at least."""

_SURE = 8  # characters from which a value is looked for inside of words, too
_TEXTS = (
    *("PN", "LO", "SH", "ST", "LT", "UT", "UC", "UR"),
    *("UI", "AE", "DA", "DT", "CS", "UN"),
)
_WORD = re.compile(r"\w+")
_ID = 0x00100020
_PARTS = re.compile(r"[\s^=,;/\\|]+")
_UNSAID = frozenset(("none", "unknown", "anonymous", "anonymized", "removed", "other"))


@dataclass
class Identifiers:
    """What may not be found again, in lower case.

    `names` are the words of people's names, and of the patient's id, however short.
    """

    direct: set[str] = field(default_factory=set)
    described: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def forget(self, texts: Iterable[str]) -> None:
        """Leave out values that stand, lawfully, in what is kept, such as a moved date."""
        self.direct.difference_update(text.lower() for text in texts)

    def are_in(self, text: str, *, term: bool = False) -> bool:
        """Whether a text repeats a value.

        Args:
            text: of an element. term: it is a defined term, with which descriptions may agree.
        """
        lower = text.lower()
        if any(value in lower and _stands_alone(value, lower) for value in self.direct):
            return True
        return not term and any(v in lower and _stands_alone(v, lower) for v in self.described)

    def names_in(self, text: str) -> bool:
        """Whether a word of a text is one of somebody's name or id."""
        return not self.names.isdisjoint(_WORD.findall(text.lower()))


def identifiers_of(dataset: Dataset, profile: Profile) -> Identifiers:
    """Return what of a file, its sequences and private elements may not be found again."""
    found = Identifiers()
    for element in _hidden(dataset, profile):
        into = found.described if _describes(element, profile) else found.direct
        for text in texts_of(element):
            if element.VR == "PN" or element.tag == _ID:
                found.names.update(part for part in _PARTS.split(text.lower()) if len(part) > 1)
            into.update(_searched(text, element.VR))
    found.described -= found.direct
    return found


def texts_of(element: DataElement) -> Iterator[str]:
    """Yield the values of an element as texts; bytes as Latin-1."""
    from pydicom.multival import MultiValue

    value = element.value
    for one in value if isinstance(value, list | tuple | MultiValue) else (value,):
        if one is None:
            continue
        text = one.decode("latin-1") if isinstance(one, bytes) else str(one)
        if text := text.strip("\0 "):
            yield text


def _describes(element: DataElement, profile: Profile) -> bool:
    if element.tag.is_private:
        return element.VR not in ("PN", "UI")
    return profile.action(element.tag, element.VR) == CLEAN


def readable(dataset: Dataset) -> Iterator[DataElement]:
    """Yield the elements of a data set whose values can be read."""
    for tag in list(dataset.keys()):
        try:
            yield dataset[tag]
        except Exception:  # noqa: S112 (pydicom raises whatever a value makes it)
            continue


def _hidden(dataset: Dataset, profile: Profile) -> Iterator[DataElement]:
    """Yield the text elements whose values are not kept, at any depth."""
    for element in readable(dataset):
        private = element.tag.is_private
        kept = not private and profile.action(element.tag, element.VR) == KEEP
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _hidden(item, profile) if kept else _naming(item)
        elif not kept and element.VR in _TEXTS and not _is_vendor(element):
            yield element


def _is_vendor(element: DataElement) -> bool:
    """Whether an element reserves a block for a vendor that is known."""
    creator = str(element.value)
    return element.tag.is_private_creator and is_safe_creator(creator, element.tag.group)


def _naming(dataset: Dataset) -> Iterator[DataElement]:
    """Yield what of a removed sequence names somebody or something: names and UIDs."""
    for element in readable(dataset):
        if element.VR == "SQ":
            for item in element.value or ():
                yield from _naming(item)
        elif element.VR in ("PN", "UI"):
            yield element


def _searched(text: str, representation: str) -> Iterator[str]:
    """Yield a value and its parts, as far as they are worth looking for."""
    lower = text.lower()
    if representation == "UI" and is_standard_uid(text):
        return
    if representation == "UN" and not lower.isprintable():
        return
    parts = _PARTS.split(lower) if representation == "PN" else ()
    for part in (lower, lower.replace("^", " ").strip(), *parts):
        if len(part) >= LEAST and part not in _UNSAID and not _is_plain(part):
            yield part


def _is_plain(text: str) -> bool:
    """Whether a text names nobody: 0000, or nothing but words of anatomy and technique."""
    return len(set(text)) < 3 or is_known(text)


def _stands_alone(value: str, text: str) -> bool:
    """Whether a short value that is in a text is not part of a longer word there."""
    if len(value) >= _SURE:
        return True
    return re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text) is not None
