"""`Deidentifier`: a DICOM file without whom it shows, as bytes, and what was done to it as counts.

Standard: DICOM PS3.15 Annex E. The pixels are not looked at here; see `millrace.data.dicom.burned`.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from millrace.data.dicom.bare import bare_frame
from millrace.data.dicom.conformance import conforms, is_standard_uid
from millrace.data.dicom.descriptors import clean_description
from millrace.data.dicom.identifiers import Identifiers, identifiers_of, readable, texts_of
from millrace.data.dicom.private import safe_private
from millrace.data.dicom.profile import (
    CAP,
    CLEAN,
    DUMMY,
    EMPTY,
    KEEP,
    REMOVE,
    SHIFT,
    UID,
    Profile,
)
from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.undecodable import Undecodable
from millrace.data.dicom.values import capped_age, dummy, is_time, shifted
from millrace.privacy.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset, FileDataset

IMPLEMENTATION = "2.25.228014936742365211790563201148725519633"
"""Implementation class UID that is written into files (PS3.7 D.3.3.2)."""

_WORDS = {
    REMOVE: "removed",
    EMPTY: "emptied",
    DUMMY: "replaced",
    UID: "replaced",
    SHIFT: "shifted",
    CLEAN: "cleaned",
    CAP: "kept",
    KEEP: "kept",
}
_NAMING = ("LO", "SH", "UC")
_SEARCHED = ("LO", "SH", "CS", "ST", "LT", "UT", "UC", "AE", "AS")
_MODELS = frozenset(
    (0x00080070, 0x00081090, 0x00181020, 0x00181210)
)  # maker, model, versions, kernel
_METHOD = "Millrace: DICOM PS3.15 Annex E, basic profile"
_WORD = re.compile(r"\w+")
_NAME, _ID = 0x00100010, 0x00100020
_DEEPEST = 16  # sequences in sequences


class Deidentified(NamedTuple):
    """A file that may be stored once its checks passed.

    Attributes:
        content: bytes of the file. actions: how often each was done, by attribute and action.
        identifiers: what may not be found in `content`.
    """

    content: bytes
    actions: Counter[tuple[str, str]]
    identifiers: Identifiers


class Deidentifier:
    """Applies a profile.

    Args:
        profile: what becomes of each attribute.
        pseudonyms: makes names, UIDs, and the number of days that dates move.
    """

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms) -> None:
        self._profile = profile
        self._pseudonyms = pseudonyms

    def __call__(self, image: FileDataset, patient: str) -> Deidentified:
        """Return an image without its identity; `image` itself is used up.

        Args:
            image: with all its elements. patient: the pseudonym of whom it shows.

        Raises:
            Undecodable: an element cannot be read or written.
        """
        try:
            with quiet():
                _trim_pixels(image)
                return _Work(self._profile, self._pseudonyms, patient).on(image)
        except Undecodable:
            raise
        except Exception as error:
            reason = f"the header cannot be written again ({type(error).__name__})"
            raise Undecodable(reason) from None


def _trim_pixels(image: FileDataset) -> None:
    """Leave nothing but pixels in the pixel data of an image of one frame."""
    if "PixelData" not in image:
        return
    numbers = [image.get(n) for n in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
    if not all(isinstance(number, int) for number in numbers):
        raise Undecodable("no size of the pixels")
    rows, columns, samples, bits = numbers
    element = image["PixelData"]
    syntax = image.file_meta.TransferSyntaxUID
    if syntax.is_compressed:
        from pydicom.encaps import encapsulate, generate_frames

        joined = next(generate_frames(element.value, number_of_frames=1), b"")
        bare = bare_frame(joined, syntax, rows * columns, samples * bits // 8)
        element.value = encapsulate([bare])
        return
    size = rows * columns * samples * bits // 8
    if len(element.value) > size + size % 2:
        element.value = element.value[:size] + b"\0" * (size % 2)


class _Work:
    """The de-identification of one file."""

    def __init__(self, profile: Profile, pseudonyms: Pseudonyms, patient: str) -> None:
        self._profile = profile
        self._pseudonyms = pseudonyms
        self._patient = patient
        self._days = pseudonyms.days(patient)
        self._actions: Counter[tuple[str, str]] = Counter()
        self._found = Identifiers()
        self._moved: list[str] = []
        self._do: dict[str, Callable[[DataElement], str | list[str] | None]] = {
            EMPTY: lambda element: "",
            DUMMY: lambda element: dummy(element.VR),
            UID: self._uids,
            SHIFT: self._shift,
            CLEAN: lambda element: [
                clean_description(text, self._found.names) for text in texts_of(element)
            ],
            CAP: lambda element: [capped_age(text) for text in texts_of(element)],
        }

    def on(self, image: FileDataset) -> Deidentified:
        self._found = identifiers_of(image, self._profile)
        self._visit(image, 0)
        own = self._sign(image)
        self._found.forget([*self._moved, self._patient, *own])
        return Deidentified(self._written(image), self._actions, self._found)

    def _visit(self, dataset: Dataset, depth: int) -> None:
        if depth > _DEEPEST:
            raise Undecodable("sequences are nested too deep")
        safe = safe_private(dataset) if self._profile.keeps_safe_private else frozenset()
        readable_tags = {element.tag for element in readable(dataset)}
        for tag in list(dataset.keys()):
            if tag.is_private or tag not in readable_tags:
                kept = tag in safe
                self._count("private" if tag.is_private else "unreadable", KEEP if kept else REMOVE)
                if not kept:
                    del dataset[tag]
                continue
            element = dataset[tag]
            action = self._profile.action(tag, element.VR, depth)
            if action == KEEP and element.VR == "SQ":
                for item in element.value or ():
                    self._visit(item, depth + 1)
            action = self._apply(dataset, element, action)
            self._count(element.keyword or "unknown", action)

    def _apply(self, dataset: Dataset, element: DataElement, action: str) -> str:
        """Do what is to be done, and return what was done."""
        if action == KEEP and conforms(element) and not self._repeats(element):
            return KEEP
        swallowed = action == CLEAN and element.VR == "CS" and not conforms(element)
        if action in (KEEP, REMOVE) or swallowed:
            del dataset[element.tag]
            return REMOVE
        if element.VR == "SQ":
            element.value = []
            return EMPTY
        if element.tag in (_NAME, _ID):
            element.value = self._patient
            return DUMMY
        if element.is_empty:
            return KEEP
        was = element.value
        element.value = self._do[action](element) or None
        if action == CLEAN and self._repeats(element):
            element.value = ""
        return KEEP if element.value == was else action

    def _repeats(self, element: DataElement) -> bool:
        """Whether an element holds what another one was relieved of."""
        if element.VR not in _SEARCHED:
            return False
        term = element.VR in ("CS", "AS") or element.tag in _MODELS
        if element.VR in _NAMING and any(map(self._found.names_in, texts_of(element))):
            return True
        return any(self._found.are_in(text, term=term) for text in texts_of(element))

    def _uids(self, element: DataElement) -> list[str]:
        return [
            text if is_standard_uid(text) else self._pseudonyms.uid(text)
            for text in texts_of(element)
        ]

    def _shift(self, element: DataElement) -> list[str]:
        """Return moved dates; times of day stay; what is neither becomes empty."""
        texts = list(texts_of(element))
        if element.VR == "TM":
            return [text if is_time(text) else "" for text in texts]
        if element.VR not in ("DA", "DT"):
            return []
        moved = [shifted(text, self._days) for text in texts]
        self._moved.extend(moved)
        self._moved.extend(text[:8] for text in moved)
        return moved

    def _count(self, attribute: str, action: str) -> None:
        self._actions[attribute, _WORDS[action]] += 1

    def _sign(self, image: FileDataset) -> list[str]:
        """Say in the file what was done to it (PS3.15 E.1.1, PS3.3 C.7.1.1); return the words."""
        from pydicom import Dataset

        codes = []
        for value, meaning in self._profile.codes:
            code = Dataset()
            code.CodeValue, code.CodingSchemeDesignator = value, "DCM"
            code.CodeMeaning = meaning
            codes.append(code)
        image.PatientIdentityRemoved = "YES"
        image.DeidentificationMethod = _METHOD
        image.DeidentificationMethodCodeSequence = codes
        moved = "MODIFIED" if self._profile.shifts else "REMOVED"
        image.LongitudinalTemporalInformationModified = moved
        return _WORD.findall(f"{_METHOD} {self._profile.codes}")

    def _written(self, image: FileDataset) -> bytes:
        """Return the file with a preamble of zeros and a meta header of its own."""
        from pydicom import dcmwrite, uid
        from pydicom.dataset import FileMetaDataset

        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = image.SOPClassUID
        instance = str(image.get("SOPInstanceUID") or self._pseudonyms.uid(""))
        meta.MediaStorageSOPInstanceUID = uid.UID(instance)
        meta.TransferSyntaxUID = image.file_meta.TransferSyntaxUID
        meta.ImplementationClassUID = uid.UID(IMPLEMENTATION)
        meta.ImplementationVersionName = "MILLRACE"
        image.file_meta = meta
        image.preamble = b"\0" * 128
        buffer = io.BytesIO()
        dcmwrite(buffer, image, enforce_file_format=True)
        return buffer.getvalue()
