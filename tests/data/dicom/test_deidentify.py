"""De-identification: nothing of the patient is left, and what science needs is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydicom import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from dicom_files import PLANTED, SERIES, big_endian, ct, dataset, found_in, item, written
from millrace.data.dicom.checks import ATTRIBUTES, SEARCH, check
from millrace.data.dicom.deidentify import Deidentified, Deidentifier
from millrace.data.dicom.parse import parse
from millrace.data.dicom.pixels import decode
from millrace.data.dicom.profile import Profile
from millrace.data.dicom.undecodable import Undecodable
from millrace.privacy.keys import PrivacyKey
from millrace.privacy.pseudonyms import Pseudonyms
from millrace.workflow.privacy import Privacy

PSEUDONYMS = Pseudonyms(PrivacyKey(b"k" * 32))
PATIENT = PSEUDONYMS.patient("PID-4711-XY")


def made(data: bytes, **privacy: Any) -> Deidentified:
    profile = Profile(Privacy(**privacy).model_dump(mode="json"))
    found = Deidentifier(profile, PSEUDONYMS)(parse(data), PATIENT)
    assert all(check(found.content, found.identifiers, profile).values())
    return found


def after(data: bytes, **privacy: Any) -> FileDataset:
    return parse(made(data, **privacy).content)


@pytest.mark.parametrize("data", [ct(), big_endian()], ids=["little", "big"])
def test_no_planted_identifier_is_left_in_any_byte(data: bytes) -> None:
    assert set(found_in(data)) == set(PLANTED)
    assert found_in(made(data).content) == []


@pytest.mark.parametrize(
    "privacy",
    [
        {"retain_dates": "removed"},
        {"clean_descriptors": False},
        {"retain_safe_private": True, "retain_patient_characteristics": True},
    ],
)
def test_no_option_lets_an_identifier_through(privacy: dict[str, Any]) -> None:
    assert found_in(made(ct(), **privacy).content) == []


def test_pixels_and_geometry_stay_as_they_are() -> None:
    data = ct()
    before, now = decode(data), decode(made(data).content)
    assert (before.pixels == now.pixels).all()
    assert before.spacing == now.spacing == (0.5, 0.25, 5.0)
    assert after(data).ImagePositionPatient == [0, 0, 5]


def test_one_uid_becomes_one_uid_wherever_it_stands() -> None:
    first, second = after(ct(1)), after(ct(2))
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != SERIES
    referenced = second.ReferencedImageSequence[0].ReferencedSOPInstanceUID
    assert first.SOPInstanceUID == first.file_meta.MediaStorageSOPInstanceUID == referenced
    assert first.SOPClassUID == "1.2.840.10008.5.1.4.1.1.2"


def test_dates_of_a_patient_move_alike_and_times_stay() -> None:
    found = after(ct(AcquisitionDateTime="20190305101112.5+0100", ContentDate="20190310"))
    days = [datetime.strptime(d[:8], "%Y%m%d") for d in (found.StudyDate, found.ContentDate)]
    assert (days[1] - days[0]).days == 6
    assert found.StudyDate != "20190304"
    assert found.AcquisitionDateTime.endswith("101112.5+0100")
    assert (found.StudyTime, found.PatientBirthDate) == ("101112.5", "")


def test_dates_and_times_are_removed_where_that_is_asked_for() -> None:
    found = after(ct(), retain_dates="removed")
    assert (found.StudyDate, found.StudyTime) == ("", "")
    assert found.LongitudinalTemporalInformationModified == "REMOVED"


def test_an_age_above_89_is_90_where_ages_are_kept() -> None:
    assert "PatientAge" not in after(ct())
    assert after(ct(), retain_patient_characteristics=True).PatientAge == "090Y"


def test_the_file_says_what_was_done_to_it() -> None:
    found = after(ct())
    assert found.PatientIdentityRemoved == "YES"
    codes = [code.CodeValue for code in found.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113105", "113107"]
    assert found.PatientID == PATIENT
    assert found.StudyDescription == "Head routine 5 mm"


def test_preamble_and_meta_header_are_the_writers_own() -> None:
    content = made(ct()).content
    assert content[:128] == b"\0" * 128
    assert "SourceApplicationEntityTitle" not in parse(content).file_meta
    assert parse(content).file_meta.ImplementationVersionName == "MILLRACE"


def test_private_elements_go_at_any_depth_and_safe_ones_stay_where_asked() -> None:
    image = dataset()
    block = image.private_block(0x0019, "GEMS_ACQU_01", create=True)
    block.add_new(0x23, "DS", "12.5")
    block.add_new(0x24, "LO", "privatnotiz")  # of that table, but no number
    block.add_new(0x26, "SL", 4711)  # a number, but not of that table
    block.add_new(0x99, "LO", "privatnotiz")
    inner = item(ReferencedSOPInstanceUID="1.2.3.4")
    inner.private_block(0x0011, "ACME", create=True).add_new(0x01, "PN", "Sequenzmann^Otto")
    image.SourceImageSequence = [inner]
    data = written(image)
    none, safe = after(data), after(data, retain_safe_private=True)
    assert not any(element.tag.is_private for element in none.iterall())
    assert [str(e.value) for e in safe.iterall() if e.tag.is_private] == ["GEMS_ACQU_01", "12.5"]


def test_overlays_curves_and_group_lengths_go() -> None:
    image = dataset()
    image.add_new(0x60000022, "LO", "Zweifelstein")
    image.add_new(0x60003000, "OW", b"\1\0")
    image.add_new(0x50000030, "SH", "Zweifelstein")
    image.add_new(0x00080000, "UL", 4)
    image.add_new(0xFFFCFFFC, "OB", b"Zweifelstein")
    found = after(written(image))
    left = {element.tag.group for element in found}
    assert left <= {0x8, 0x10, 0x12, 0x18, 0x20, 0x28, 0x40, 0x7FE0}
    assert 0x00080000 not in found


def test_a_text_in_place_of_a_safe_private_number_is_not_kept() -> None:
    image = dataset()
    image.private_block(0x0019, "GEMS_ACQU_01", create=True).add_new(0x23, "DS", "12.5")
    data = written(image)
    number = b"DS\x04\x0012.5"
    assert number in data
    name = b"DS\x0c\x00Zweifelstein"
    found = after(data.replace(number, name), retain_safe_private=True)
    assert not any(element.tag.is_private for element in found)


def test_pictures_in_sequences_and_tables_of_offsets_go() -> None:
    inner = item(Rows=1, Columns=12, PixelData=b"Zweifelstein")
    inner["PixelData"].VR = "OB"
    hidden = item(BasicGrayscaleImageSequence=[inner])
    image = dataset(ReferencedSeriesSequence=[hidden], ExtendedOffsetTable=b"Zweifels")
    found = made(written(image)).content
    assert b"Zweifels" not in found
    assert "PixelData" in parse(found)


def test_a_comment_in_a_compressed_picture_goes() -> None:
    image = dataset()
    image.compress(RLELossless)
    image.PixelData += encapsulate([b"Zweifelstein"], has_bot=False)
    found = made(written(image)).content
    assert b"Zweifelstein" not in found
    assert (decode(found).pixels == decode(ct()).pixels).all()


def test_a_character_set_that_is_none_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    assert b"MUSTERMANN" not in made(ct().replace(b"ISO_IR 192", b"MUSTERMANN")).content
    assert "MUSTERMANN" not in caplog.text


@pytest.mark.parametrize("keyword", ["BodyPartExamined", "TherapyDescription", "ContentLabel"])
def test_coded_strings_that_people_type_hold_no_unknown_word(keyword: str) -> None:
    assert b"MUSTER" not in made(ct(**{keyword: "MUSTER"})).content


@pytest.mark.parametrize("keyword", ["WindowCenterWidthExplanation", "LUTExplanation"])
def test_what_explains_a_presentation_is_not_kept(keyword: str) -> None:
    assert keyword not in after(ct(**{keyword: "of Dr. Muster"}))


def test_a_uid_that_only_looks_like_one_of_the_standard_is_replaced() -> None:
    assert after(ct(FrameOfReferenceUID="1.2.840.10008.4711")).FrameOfReferenceUID[:5] == "2.25."


def test_the_number_of_an_unknown_attribute_is_not_counted_by_itself() -> None:
    image = dataset()
    image.add_new(0x00087777, "LO", "x")
    assert {attribute for attribute, _ in made(written(image)).actions} >= {"unknown"}


@pytest.mark.parametrize("keyword", ["Manufacturer", "ProtocolName", "ConvolutionKernel"])
def test_a_kept_element_that_repeats_a_name_is_not_kept(keyword: str) -> None:
    assert not after(ct(**{keyword: "of Zweifelstein"})).get(keyword)


def test_the_part_of_the_body_stays_though_a_description_names_it() -> None:
    assert after(ct(StudyDescription="HEAD")).BodyPartExamined == "HEAD"


@pytest.mark.parametrize("name", ["Ott^Eva", "Xu^Li"])
def test_a_short_name_is_not_kept_in_a_text(name: str) -> None:
    family, given = name.split("^")
    found = after(ct(PatientName=name, Manufacturer=f"for {family}", SoftwareVersions=f"{given} 1"))
    assert "Manufacturer" not in found
    assert "SoftwareVersions" not in found


def test_a_short_id_is_not_kept_in_a_text() -> None:
    assert "Manufacturer" not in after(ct(PatientID="77A", Manufacturer="scanner of 77A"))


@pytest.mark.parametrize("given", ["Anne", "Mary", "Gina", "Long", "Clean", "Basic", "Mill"])
def test_nobody_is_withheld_for_a_name_that_is_a_part_of_a_term(given: str) -> None:
    assert found_in(made(ct(PatientName=f"Zweifelstein^{given}")).content) == []


def test_a_short_name_is_found_in_the_bytes_of_a_header() -> None:
    profile = Profile(Privacy().model_dump(mode="json"))
    found = made(ct(PatientName="Zweifelstein^Anne"))
    spoilt = parse(found.content)
    spoilt.add_new(0x00281201, "OW", b"\1\0Anne")
    checks = check(written(spoilt), found.identifiers, profile)
    assert [name for name, passed in checks.items() if not passed] == [ATTRIBUTES, SEARCH]


def test_a_name_in_another_alphabet_is_replaced() -> None:
    data = ct(PatientName="Yamada^Tarou=山田^太郎", StationName="山田太郎室")
    content = made(data).content
    assert "山田".encode() not in content
    assert b"Yamada" not in content


@pytest.mark.parametrize("keyword", ["FrameOriginTimestamp", "AnnotationGroupUID", "StudyID"])
def test_what_has_no_dummy_becomes_empty(keyword: str) -> None:
    image = dataset()
    setattr(image, keyword, b"Zweifelstein" if keyword.startswith("Frame") else "1.2.3.4.5")
    assert not after(written(image)).get(keyword)


def test_a_value_that_swallowed_its_neighbours_is_not_kept() -> None:
    data = ct()
    at = data.index(b"CS\x04\x00HEAD")
    swallowing = data[: at + 2] + b"\x24\x00" + data[at + 4 :]
    content = made(swallowing).content
    assert b"HEAD" not in content
    assert found_in(content) == []


def test_counts_hold_no_value() -> None:
    actions = made(ct()).actions
    assert actions["PatientName", "replaced"] == 1
    assert actions["StudyDate", "shifted"] == 1
    assert actions["private", "removed"] == 2
    assert not found_in(repr(actions).encode())


def test_sequences_without_end_are_refused() -> None:
    inner = item(CodeValue="1")
    for _ in range(40):
        inner = item(ReferencedImageSequence=[inner])
    image = dataset()
    image.ReferencedImageSequence = [inner]
    profile = Profile(Privacy().model_dump(mode="json"))
    with pytest.raises(Undecodable):
        Deidentifier(profile, PSEUDONYMS)(parse(written(image)), PATIENT)


def test_the_checks_find_what_a_de_identifier_forgets() -> None:
    profile = Profile(Privacy().model_dump(mode="json"))
    found = made(ct())
    spoilt = parse(found.content)
    spoilt.ManufacturerModelName = "PID-4711-XY"
    spoilt.PatientAddress = "x"
    spoilt.FrameOfReferenceUID = "1.2.3"
    results = check(written(spoilt), found.identifiers, profile)
    assert sorted(results.values()) == [False, False, False, True, True]


def test_the_checks_find_a_name_in_the_bytes_of_another_encoding() -> None:
    profile = Profile(Privacy().model_dump(mode="json"))
    found = made(ct())
    spoilt = found.content + "Zweifelstein".encode("utf-16-le")
    assert not all(check(spoilt, found.identifiers, profile).values())
