"""What a listing knows of a file, read from its bytes alone."""

from __future__ import annotations

import json
import random

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from dicom_files import big_endian, ct, dataset, found_in, item, written
from millrace.data.dicom.header import PIXELS, read_header
from millrace.data.dicom.scan import Scan, scan_of
from millrace.data.dicom.series import Member, Series, series_of
from millrace.data.dicom.undecodable import Undecodable
from millrace.privacy.keys import PrivacyKey
from millrace.privacy.pseudonyms import Pseudonyms

PSEUDONYMS = Pseudonyms(PrivacyKey(b"k" * 32))


def scan(data: bytes, name: str = "a.dcm") -> Scan:
    return scan_of(data, name, PSEUDONYMS)


def implicit(number: int = 1) -> bytes:
    made = dataset(number)
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return written(made)


@pytest.mark.parametrize(
    "data", [ct(), big_endian(), implicit(), ct()[132:], implicit()[132:]], ids=range(5)
)
def test_every_way_of_writing_a_file_tells_the_same(data: bytes) -> None:
    assert scan(data) == scan(ct())
    assert scan(data).modality == "CT"
    assert scan(data).place == 5.0


def test_a_scan_holds_nothing_of_the_original() -> None:
    document = json.dumps(scan(ct(), "Zweifelstein.dcm").to_document())
    assert not found_in(document.encode())
    assert Scan.from_document(json.loads(document)) == scan(ct())


def test_sequences_of_unknown_length_are_passed_over() -> None:
    image = dataset()
    inner = item(StudyInstanceUID="6.6.6", PatientID="inner")
    image.ReferencedStudySequence = [inner]
    image["ReferencedStudySequence"].is_undefined_length = True
    image.ReferencedStudySequence[0].is_undefined_length_sequence_item = True
    assert scan(written(image)) == scan(ct())
    assert read_header(written(image), {0x00100020, PIXELS})[0x00100020] == "PID-4711-XY"


def test_what_is_no_dicom_is_broken_only_where_its_name_says_dicom() -> None:
    assert scan(b"hello", "README").state == "other"
    assert scan(b"hello", "x/a.txt").state == "other"
    assert scan(b"hello", "x/a.DCM").state == "broken"
    assert scan(b"", "a.ima").state == "broken"


def test_a_file_that_begins_as_dicom_is_broken_whatever_its_name() -> None:
    assert scan(ct()[:300], "IM0001").state == "broken"
    assert scan(ct()[:132], "DICOMDIR").state == "other"


def test_an_image_that_ends_before_its_size_is_no_other_file() -> None:
    image = dataset()
    for name in ("Rows", "Columns", "PixelData"):
        delattr(image, name)
    assert scan(written(image)).state == "image"


def test_what_tells_no_study_is_one_for_each_series() -> None:
    one = ct(StudyInstanceUID="", PatientID="", PatientName="")
    other = ct(StudyInstanceUID="", PatientID="", PatientName="", SeriesInstanceUID="7.7")
    assert scan(one).study != scan(other).study
    assert scan(one).patient != scan(other).patient


def test_an_image_without_a_name_of_its_own_is_broken() -> None:
    assert scan(ct(SeriesInstanceUID="")).state == "broken"


def test_a_patient_without_an_id_is_told_by_name_and_birth_date() -> None:
    one, other = ct(PatientID=""), ct(PatientID="", PatientBirthDate="19400101")
    assert scan(one).patient != scan(other).patient
    nameless = ct(PatientID="", PatientName="")
    assert scan(nameless).patient == scan(ct(2, PatientID="", PatientName="")).patient


@pytest.mark.parametrize("position", ["1\\2", "a\\b\\c", "nan\\0\\0", ""])
def test_a_place_that_is_none_is_none(position: str) -> None:
    data = ct().replace(b"0.0\\0.0\\5.0", position.encode().ljust(11))
    assert data != ct()
    assert scan(data).place is None


@pytest.mark.parametrize("axes", [[0] * 6, [1, 0, 0, 1, 0, 0], [9, 0, 0, 0, 9, 0], [1, 0, 0]])
def test_axes_that_span_no_plane_are_taken_for_an_axial_slice(axes: list[int]) -> None:
    assert [scan(ct(n, ImageOrientationPatient=axes)).place for n in (1, 2)] == [5, 10]


def test_damage_anywhere_makes_a_scan_and_no_error() -> None:
    chance = random.Random(5)
    originals = [ct(), big_endian(), implicit()]
    for number in range(600):
        data = bytearray(originals[number % 3])
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data) - 520)] = chance.randrange(256)
        found = scan(bytes(data[: chance.randint(0, len(data))]))
        assert found.state in ("image", "broken", "other")


@pytest.mark.parametrize("depth", [60, 5_000])
def test_sequences_without_end_are_refused_before_the_stack_is_full(depth: int) -> None:
    head = ct()[:132] + b"\x08\0\x05\0CS\x02\0  "
    nested = b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff" * depth
    with pytest.raises(Undecodable, match=r"nested too deep|cut short"):
        read_header(head + nested, {0x00100020, PIXELS})


def test_a_missing_slice_is_one_gap_though_the_spacing_changes() -> None:
    def member(place: float) -> Member[None]:
        return Member(None, Scan("image", "p", "e", "s", f"i{place}", place=place))

    def series(*places: float) -> Series[None]:
        return series_of(map(member, places))[0]

    assert series(0, 4, 8, 12, 19, 26, 33).gaps == 0
    assert series(0, 4, 8, 16, 20, 24).gaps == 1
    assert series(0).gaps == 0
    assert series(0, 4, 4, 8).repeated == 1
