"""`Scan`: what a listing knows of a DICOM file, in pseudonyms: nothing in it tells whom it shows.

It may be remembered on disk; the file's own name and values may not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from millrace.data.dicom.frames import frame_count
from millrace.data.dicom.header import PIXELS, read_header
from millrace.data.dicom.parse import has_magic
from millrace.data.dicom.plane import finite, plane_place
from millrace.data.dicom.undecodable import Undecodable
from millrace.privacy.pseudonyms import Pseudonyms

_CLASS, _INSTANCE, _MODALITY, _KIND = 0x00080016, 0x00080018, 0x00080060, 0x00080008
_PATIENT, _NAME, _BORN = 0x00100020, 0x00100010, 0x00100030
_TILT, _STUDY, _SERIES, _NUMBER = 0x00181120, 0x0020000D, 0x0020000E, 0x00200013
_POSITION, _ORIENTATION, _FRAMES, _ROWS = 0x00200032, 0x00200037, 0x00280008, 0x00280010
_WANTED = frozenset(
    (
        *(_CLASS, _INSTANCE, _MODALITY, _KIND, _PATIENT, _NAME, _BORN, _TILT, _STUDY, _SERIES),
        *(_NUMBER, _POSITION, _ORIENTATION, _FRAMES, _ROWS, PIXELS),
    )
)
_IMAGES = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(2|4|7|128)(\..*)?")
"""SOP classes (PS3.4 B.5) of computed tomography, magnetic resonance, captures, positrons."""

_DIRECTORY = "DICOMDIR"
_SUFFIXES = ("dcm", "dicom", "dic", "ima")


@dataclass(frozen=True, slots=True)
class Scan:
    """A file.

    Attributes:
        state: ``image``, ``broken`` (one that should be an image), or ``other``.
        patient, study, series, instance: pseudonyms; of a broken file, all are the file's own.
        frames: records in it. modality: defined term, such as CT.
        localiser: whether it is an overview image.
        place: millimetres along the normal of its plane, where it tells.
        number: of the instance in its series. tilt: of the gantry, degrees.
    """

    state: str
    patient: str = ""
    study: str = ""
    series: str = ""
    instance: str = ""
    frames: int = 1
    modality: str = ""
    localiser: bool = False
    place: float | None = None
    number: int | None = None
    tilt: float | None = None

    def to_document(self) -> dict[str, Any]:
        """Return the scan as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Scan:
        """Rebuild a scan; raise `TypeError` where the document is of another form."""
        return cls(**document)


def _patient(patient: str | None, name: str | None, born: str | None, study: str) -> str:
    """Return what tells a patient from others in a file: the id, else name and birth date."""
    if patient:
        return patient
    return f"{name}\0{born}" if name else f"study\0{study}"


def scan_of(data: bytes, name: str, pseudonyms: Pseudonyms) -> Scan:
    """Return what a file is.

    Args:
        data: its bytes. name: its path, of which the ending says what it should be.
    """
    try:
        found = read_header(data, _WANTED)
    except Undecodable:
        said = _should_be_dicom(data, name)
        return broken(name, pseudonyms) if said else Scan("other")
    kind = found.get(_CLASS, "")
    if PIXELS not in found and _ROWS not in found and not _IMAGES.fullmatch(kind):
        return Scan("other")
    if not kind or not found.get(_SERIES) or not found.get(_INSTANCE):
        return broken(name, pseudonyms)
    study = found.get(_STUDY) or found[_SERIES]
    patient = _patient(found.get(_PATIENT), found.get(_NAME), found.get(_BORN), study)
    kinds = found.get(_KIND, "").upper().split("\\")
    return Scan(
        state="image",
        patient=pseudonyms.patient(patient),
        study=pseudonyms.name("exam", study),
        series=pseudonyms.name("series", found[_SERIES]),
        instance=pseudonyms.name("instance", found[_INSTANCE]),
        frames=frame_count(found.get(_FRAMES)),
        modality=_term(found.get(_MODALITY, "")),
        localiser="LOCALIZER" in (kind.strip() for kind in kinds),
        place=plane_place(found.get(_POSITION, ""), found.get(_ORIENTATION, "")),
        number=_whole(found.get(_NUMBER, "")),
        tilt=finite(found.get(_TILT, "")),
    )


def broken(name: str, pseudonyms: Pseudonyms) -> Scan:
    """Return what is known of a file that should be an image and cannot be read."""
    own = pseudonyms.name("file", name)
    return Scan("broken", patient=own, study=own, series=own, instance=own)


def _should_be_dicom(data: bytes, name: str) -> bool:
    own = name.rpartition("/")[2]
    _, dot, suffix = own.rpartition(".")
    called = bool(dot) and suffix.lower() in _SUFFIXES
    return called or (has_magic(data) and own.upper() != _DIRECTORY)


def _term(modality: str) -> str:
    """Return a modality where it looks like one of PS3.3 C.7.3.1.1.1: it is shown to people."""
    return modality if re.fullmatch(r"[A-Z]{2}|RT[A-Z]{4,6}|SEG|REG", modality) else ""


def _whole(text: str) -> int | None:
    number = finite(text)
    return None if number is None else int(number)
