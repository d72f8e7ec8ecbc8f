"""The table of PS3.15 as data, and what the profile makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.datadict import DicomDictionary, dictionary_VR, tag_for_keyword

from millrace.data.dicom import confidentiality_table
from millrace.data.dicom.profile import Profile
from millrace.workflow.privacy import Privacy


def profile(**values: Any) -> Profile:
    return Profile(Privacy(**values).model_dump(mode="json"))


def action(keyword: str, **values: Any) -> str:
    tag = tag_for_keyword(keyword)
    assert tag is not None
    return profile(**values).action(tag, dictionary_VR(tag))


def test_the_table_holds_each_attribute_once() -> None:
    words = [
        word
        for line in confidentiality_table.TABLE.splitlines()
        if line.startswith(" ")
        for word in line.split()
    ]
    assert len(words) == len(set(words)) == 655


def test_the_table_agrees_with_the_kinds_of_values_that_pydicom_knows() -> None:
    strict = profile(retain_dates="removed", clean_descriptors=False)
    kinds: dict[str, set[str]] = {}
    for tag, (representation, *_) in DicomDictionary.items():
        kinds.setdefault(representation, set()).add(strict.action(tag, representation))
    assert kinds["PN"] <= {"remove", "empty", "dummy"}
    assert kinds["UI"] <= {"remove", "dummy", "uid"}
    for representation in ("DA", "DT", "TM", "LT", "ST", "UT", "UR"):
        assert kinds[representation] <= {"remove", "empty", "dummy"}


@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("PatientName", "empty"),
        ("PatientID", "dummy"),
        ("AccessionNumber", "empty"),
        ("OtherPatientIDs", "remove"),
        ("PatientAddress", "remove"),
        ("PatientAge", "remove"),
        ("OperatorsName", "empty"),
        ("RequestAttributesSequence", "clean"),
        ("SOPInstanceUID", "uid"),
        ("ReferencedSOPInstanceUID", "uid"),
        ("StudyDescription", "clean"),
        ("StudyDate", "shift"),
        ("PixelSpacing", "keep"),
        ("PixelData", "keep"),
        ("Modality", "keep"),
    ],
)
def test_the_basic_profile_does_as_the_standard_says(keyword: str, expected: str) -> None:
    assert action(keyword) == expected


def test_options_change_what_they_are_about_and_nothing_else() -> None:
    assert action("StudyDate", retain_dates="removed") == "empty"
    assert action("StudyDescription", clean_descriptors=False) == "remove"
    assert action("PatientAge", retain_patient_characteristics=True) == "cap"
    assert action("PatientSex", retain_patient_characteristics=True) == "keep"
    assert action("PatientName", retain_patient_characteristics=True) == "empty"


@pytest.mark.parametrize(
    ("tag", "representation"),
    [
        (0x60003000, "OW"),  # an overlay
        (0x60020022, "LO"),  # its description
        (0x50000010, "US"),  # a curve
        (0x00080000, "UL"),  # a group length
        (0x00087777, "LO"),  # no attribute that is known
        (0xFFFAFFFA, "SQ"),  # digital signatures
        (0x00020016, "AE"),  # of the meta header, in the data set
        (0x7FE00001, "OV"),  # a table of offsets
        (0x00283006, "OW"),  # a table of grey levels
        (0x00203101, "CS"),  # ids of other images
        (0x00321031, "SQ"),  # who asked for the procedure
    ],
)
def test_what_could_hold_anything_is_removed(tag: int, representation: str) -> None:
    assert profile().action(tag, representation) == "remove"


def test_a_picture_in_a_sequence_is_removed() -> None:
    assert profile().action(0x7FE00010, "OW", depth=1) == "remove"


def test_what_is_not_in_the_table_is_judged_by_its_kind() -> None:
    assert profile().action(0x00080118, "UI") == "uid"
    assert profile().action(0x00400031, "UT") == "remove"
    assert profile().action(0x0040E031, "DT") == "shift"
    assert profile(retain_dates="removed").action(0x0040E031, "DT") == "remove"


def test_the_codes_name_the_profile_and_its_options() -> None:
    assert [code for code, _ in profile().codes] == ["113100", "113105", "113107"]
    strict = profile(retain_dates="removed", clean_descriptors=False)
    assert [code for code, _ in strict.codes] == ["113100"]
