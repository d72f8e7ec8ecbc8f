"""DICOM sources: which files become records, by what names, and what is never carried on."""

from __future__ import annotations

import json
import logging
import random
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import BasicTextSRStorage, JPEG2000Lossless, SecondaryCaptureImageStorage
from pydicom.uid import MultiFrameGrayscaleWordSecondaryCaptureImageStorage as Words

from dicom_files import SERIES, STUDY, big_endian, ct, dataset, found_in, item, written
from millrace.data import clean
from millrace.data.dicom.parse import parse
from millrace.data.dicom.pixels import decode
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, MillraceError, SpecError
from millrace.workflow.ct import CtCleaning
from millrace.workflow.dicom_sources import DicomSource
from text_sources import tar, write

KEY = "5a" * 32


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", KEY)
    return tmp_path / "home"


def source(uri: Path | str, **values: Any) -> dict[str, Any]:
    privacy = values.pop("privacy", {})
    said = {"name": "scans", "kind": "dicom", "uri": str(uri)} | values
    return DicomSource(**said).model_dump(mode="json") | {"privacy": privacy}


def read(document: dict[str, Any]) -> pa.Table:
    """Read every partition with a reader of its own, as jobs do."""
    parts = open_reader(document).partitions()
    return pa.concat_tables(table for p in parts for table in open_reader(document).read(p))


def encodings(document: dict[str, Any]) -> list[str]:
    return sorted(read(document)["encoding"].to_pylist())


def folder(tmp_path: Path, **files: bytes) -> Path:
    return write(tmp_path / "in", {f"{name}.dcm": data for name, data in files.items()})


def of(number: int, **values: Any) -> bytes:
    """Return a slice of another series, study and patient."""
    said = {"SeriesInstanceUID": f"9.{number}", "StudyInstanceUID": f"8.{number}"}
    return ct(number, **{"PatientID": f"OTHER-{number}"} | said | values)


def test_a_series_is_in_order_of_its_places_and_nobody_can_be_told(tmp_path: Path) -> None:
    root = folder(tmp_path, Zweifelstein_a=ct(3), b=ct(1), c=ct(2))
    table = read(source(root))
    decoded = [decode(content).pixels.tolist() for content in table["content"].to_pylist()]
    assert decoded == [decode(ct(n)).pixels.tolist() for n in (1, 2, 3)]
    row = table.slice(0, 1).to_pylist()[0]
    assert re.fullmatch(r"scans/S-[A-Z2-7]{16}/I-[A-Z2-7]{16}", row["record_id"])
    assert re.fullmatch(r"P-[A-Z2-7]{16}", row["group"])
    assert row["position"] == 0
    assert not found_in(json.dumps(table.drop(["content"]).to_pylist()).encode())
    assert not any(found_in(content) for content in table["content"].to_pylist())


def test_a_patient_has_one_pseudonym_over_studies_and_runs(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1), b=ct(2, StudyInstanceUID="8.8", SeriesInstanceUID="8.9"))
    groups = read(source(root))["group"].to_pylist()
    assert len(groups) == 2
    assert len({*groups, *read(source(root))["group"].to_pylist()}) == 1


def test_another_key_makes_other_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path, a=ct(1))
    before = open_reader(source(root)).partitions()[0]
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5b" * 32)
    assert open_reader(source(root)).partitions()[0].member != before.member


def test_without_a_key_nothing_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MILLRACE_PRIVACY_KEY")
    with pytest.raises(SpecError, match="no key"):
        open_reader(source(folder(tmp_path, a=ct(1))))


@pytest.mark.parametrize("pack", ["zip", "tar", "tar.gz", "folder", "DICOMDIR"])
def test_folders_archives_and_media_hold_the_same_records(tmp_path: Path, pack: str) -> None:
    files = {"IMG/0001": ct(1), "IMG/0002": ct(2), "READ.TXT": b"hello", "IMG/README": b"x"}
    root = write(tmp_path / "in", files | {"DICOMDIR": b"\0" * 128 + b"DICM"})
    place = {"folder": root, "DICOMDIR": root / "DICOMDIR"}.get(pack)
    if pack == "zip":
        place = tmp_path / "p.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    elif place is None:
        place = tar(tmp_path / f"p.{pack}", files, "w:gz" if pack == "tar.gz" else "w")
    assert read(source(place)).num_rows == 2


def test_a_listing_leaves_no_name_on_disk(tmp_path: Path, home: Path) -> None:
    root = folder(tmp_path, **{f"Zweifelstein_{n}": ct(n) for n in (1, 2)})
    packed = tar(tmp_path / "p.tar.gz", {"Zweifelstein.dcm": ct(1)}, "w:gz")
    for place in (root, packed):
        assert read(source(place)).num_rows
    notes = [path for path in home.rglob("*") if path.is_file()]
    assert notes
    assert not any(found_in(path.read_bytes() + str(path).encode()) for path in notes)


def test_a_second_listing_opens_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from millrace.data.sources import dicom_listing

    root = folder(tmp_path, a=ct(1), b=ct(2))
    first = open_reader(source(root)).partitions()
    monkeypatch.setattr(dicom_listing, "scan_of", None)
    assert open_reader(source(root)).partitions() == first
    (root / "a.dcm").write_bytes(ct(5))
    with pytest.raises(TypeError):
        open_reader(source(root)).partitions()


def test_listing_loads_neither_numpy_nor_pydicom(tmp_path: Path) -> None:
    document = json.dumps(source(folder(tmp_path, a=ct(1))))
    code = (
        "import json, sys; from millrace.data.sources.reader import open_reader\n"
        "assert open_reader(json.loads(sys.argv[1])).partitions()\n"
        "heavy = {'numpy', 'pydicom', 'pyarrow', 'pandas'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, document], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_broken_files_are_records_that_say_why_and_hold_nothing(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1), b=b"not DICOM at all", c=ct(2)[:300], d=b"")
    rows = {row["encoding"]: row for row in read(source(root)).to_pylist()}
    assert sum(row["encoding"] == "dicom" for row in read(source(root)).to_pylist()) == 1
    broken = rows["unreadable;not a DICOM file, or one without a readable header"]
    assert broken["content"] is None
    assert broken["record_id"].startswith("scans/F-")


def test_truncated_pixels_are_refused_and_not_stored(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1), b=ct(2)[:-40])
    rows = read(source(root)).to_pylist()
    assert [row["encoding"] for row in rows] == ["dicom", "unreadable;the pixel data is cut short"]
    assert rows[1]["content"] is None


def test_files_of_other_kinds_are_left_out_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = dataset(7, PixelData=b"\0\0", SOPClassUID=BasicTextSRStorage, Modality="SR")
    for name in ("PixelData", "Rows", "Columns"):
        delattr(report, name)
    scout = ct(8, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    root = folder(tmp_path, a=ct(1), b=written(report), c=scout, d=ct(9, Modality="MR"))
    write(root, {"notes Zweifelstein.txt": b"x", ".hidden.dcm": ct(3)})
    with caplog.at_level(logging.INFO):
        assert read(source(root, modalities=["CT"])).num_rows == 1
    assert "left out: 1 MR, 1 localisers, 2 other files" in caplog.text
    assert not found_in(caplog.text.encode())
    assert read(source(root, modalities=["CT"], localisers="keep")).num_rows == 2


def test_a_study_of_two_patients_is_refused_whole(tmp_path: Path) -> None:
    other = ct(2, PatientID="SOMEBODY-ELSE", SeriesInstanceUID="7.7")
    rows = read(source(folder(tmp_path, a=ct(1), b=other, c=of(3)))).to_pylist()
    refused = [row for row in rows if row["encoding"] != "dicom"]
    assert [row["encoding"] for row in refused] == [
        "unreadable;one study is of several patients"
    ] * 2
    assert all(row["content"] is None for row in refused)


def test_a_series_of_two_patients_is_refused_though_their_studies_differ(tmp_path: Path) -> None:
    other = ct(2, PatientID="SOMEBODY-ELSE", StudyInstanceUID="7.7")
    said = "unreadable;one series is of several patients"
    assert encodings(source(folder(tmp_path, a=ct(1), b=other))) == [said, said]


def test_a_series_of_two_modalities_is_refused_whole(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1), b=ct(2, Modality="PT"), c=of(3))
    said = "unreadable;one series has images of several modalities"
    assert encodings(source(root)) == ["dicom", said, said]


def test_gaps_repeated_slices_single_slices_and_tilt_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    slices = {f"s{n}": ct(n, GantryDetectorTilt="-18.5") for n in (1, 2, 3, 5, 6)}
    again = ct(2, SOPInstanceUID=f"{SERIES}.99", GantryDetectorTilt="-18.5")
    root = folder(tmp_path, **slices, again=again, alone=of(3))
    with caplog.at_level(logging.INFO):
        assert read(source(root)).num_rows == 7
    assert "1 with a tilted gantry, 1 of one slice; 1 gaps, 1 repeated" in caplog.text


def test_two_copies_of_a_slice_have_names_of_their_own(tmp_path: Path) -> None:
    names = read(source(folder(tmp_path, a=ct(1), b=ct(1))))["record_id"].to_pylist()
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "text is burned in"),
        ({"RecognizableVisualFeatures": "YES"}, "the patient can be recognised"),
        ({"SOPClassUID": SecondaryCaptureImageStorage}, "a secondary capture"),
        ({"SOPClassUID": Words}, "a secondary capture"),
        ({"ConversionType": "SD"}, "a picture of a screen"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "a picture of a screen"),
    ],
)
def test_pixels_that_may_show_a_name_are_not_stored(
    tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    root = folder(tmp_path, a=ct(1, **values))
    row = read(source(root)).to_pylist()[0]
    assert row["encoding"].startswith(f"unreadable;{said}")
    assert row["content"] is None
    assert encodings(source(root, privacy={"burned_in": "keep"})) == ["dicom"]


@pytest.mark.parametrize(
    "values",
    [
        {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 0},
        {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7},
    ],
    ids=["text in unused bits", "colours"],
)
def test_what_cannot_be_used_is_not_stored_with_or_without_a_reader_of_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    from millrace.data.sources import dicom_records

    monkeypatch.setattr(dicom_records, "can_read_text", lambda: False)
    pixels = np.full(512, 0x1000, "<u2").tobytes()
    row = read(source(folder(tmp_path, a=ct(1, PixelData=pixels, **values)))).to_pylist()[0]
    assert row["encoding"].startswith("unreadable;")
    assert row["content"] is None


def test_decoders_that_fail_log_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from millrace.data.sources import dicom_records

    monkeypatch.setattr(dicom_records, "can_read_text", lambda: True)
    image = dataset()
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    image.PixelData = encapsulate([b"\xff\x4f\xff\x51\0\4\0\0\xff\x90\0\x0a" + b"\0" * 99])
    image["PixelData"].is_undefined_length = True
    image["PixelData"].VR = "OB"
    with caplog.at_level(logging.DEBUG):
        assert encodings(source(folder(tmp_path, a=written(image))))[0].startswith("unreadable;")
    assert {record.name.partition(".")[0] for record in caplog.records} <= {"millrace"}


def test_an_overlay_among_the_bits_of_pixels_is_refused(tmp_path: Path) -> None:
    image = dataset(BitsStored=12, HighBit=11)
    image.add_new(0x60000102, "US", 12)
    root = folder(tmp_path, a=written(image))
    row = read(source(root)).to_pylist()[0]
    assert row["encoding"].startswith("unreadable;an overlay among the bits")
    assert row["content"] is None


def test_words_that_are_read_in_pixels_keep_a_slice_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from millrace.data.sources import dicom_records

    monkeypatch.setattr(dicom_records, "can_read_text", lambda: True)
    monkeypatch.setattr(dicom_records, "shows_text", lambda pixels: pixels.shape == (16, 16))
    root = folder(tmp_path, a=ct(1))
    assert encodings(source(root)) == ["unreadable;text was found among the pixels"]
    assert encodings(source(root, privacy={"burned_in": "keep"})) == ["dicom"]


def test_a_modality_that_is_a_name_is_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = folder(tmp_path, a=ct(1), b=of(2, Modality="ZWEIFELSTEIN"))
    with caplog.at_level(logging.INFO):
        assert read(source(root, modalities=["CT"])).num_rows == 1
    assert not found_in(caplog.text.encode())


def test_frames_are_records_of_their_own(tmp_path: Path) -> None:
    pixels = dataset(1).PixelData + dataset(2).PixelData
    root = folder(tmp_path, a=ct(1, NumberOfFrames="2", PixelData=pixels))
    table = read(source(root))
    assert [i.rpartition("/")[2] for i in table["record_id"].to_pylist()] == ["00001", "00002"]
    found = [decode(content).pixels.tolist() for content in table["content"].to_pylist()]
    assert found == [decode(ct(n)).pixels.tolist() for n in (1, 2)]


def test_what_frames_share_is_de_identified_alike_in_each(tmp_path: Path) -> None:
    pixels = dataset(1).PixelData + dataset(2).PixelData
    image = dataset(1, NumberOfFrames="2", PixelData=pixels)
    shared = item(ReferencedImageSequence=[item(ReferencedSOPInstanceUID="1.2.3.4")])
    image.SharedFunctionalGroupsSequence = [shared]
    image["SharedFunctionalGroupsSequence"].is_undefined_length = True
    table = read(source(folder(tmp_path, a=written(image))))
    frames = [parse(content) for content in table["content"].to_pylist()]
    told = [
        (
            frame.StudyDate,
            frame.StudyInstanceUID,
            frame.SharedFunctionalGroupsSequence[0]
            .ReferencedImageSequence[0]
            .ReferencedSOPInstanceUID,
        )
        for frame in frames
    ]
    assert len(told) == 2
    assert told[0] == told[1]
    whole = read(source(folder(tmp_path / "one", a=ct(1))))["content"][0].as_py()
    assert told[0][:2] == (parse(whole).StudyDate, parse(whole).StudyInstanceUID)


def test_frames_that_are_missing_are_refused_one_by_one(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1, NumberOfFrames="3"), b=of(2, NumberOfFrames="999999999"))
    assert encodings(source(root)).count("dicom") == 1
    assert read(source(root)).num_rows == 4


def test_big_endian_and_files_without_preamble_are_records(tmp_path: Path) -> None:
    root = folder(tmp_path, a=big_endian(1), b=of(2)[132:])
    rows = read(source(root)).to_pylist()
    assert [row["encoding"] for row in rows] == ["dicom", "dicom"]
    assert not any(found_in(row["content"]) for row in rows)


@pytest.mark.parametrize(
    ("by", "key"),
    [("file", "b"), ("instance", f"{SERIES}.2"), ("series", SERIES), ("study", STUDY)],
)
def test_labels_come_by_file_and_by_uid(tmp_path: Path, by: str, key: str) -> None:
    root = folder(tmp_path, b=ct(2), c=of(3))
    labels = write(tmp_path, {"l.csv": f"name, label\n'{key}', bleed\n".encode()}) / "l.csv"
    found = read(source(root, labels=str(labels), labels_by=by))["label"].to_pylist()
    assert sorted(map(str, found)) == ["None", "bleed"]


def test_labels_by_patient_without_a_header(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1), b=ct(2), c=of(3))
    labels = write(tmp_path, {"l.csv": b"PID-4711-XY,1\nOTHER-3,0\n"}) / "l.csv"
    found = read(source(root, labels=str(labels), labels_by="patient"))["label"].to_pylist()
    assert sorted(found) == ["0", "1", "1"]


def test_labels_without_images_and_images_without_labels_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = folder(tmp_path, a=ct(1), c=of(3))
    rows = b"patient,label\nPID-4711-XY,1\nZweifelstein,1\n"
    document = source(root, labels=str(write(tmp_path, {"l.csv": rows}) / "l.csv"))
    document["labels_by"] = "patient"
    with caplog.at_level(logging.INFO):
        read(document)
    assert "1 of 2 images have a label, 1 have none; 1 rows name nothing" in caplog.text
    assert not found_in(caplog.text.encode())
    with pytest.raises(DataError, match="1 such rows") as caught:
        read(document | {"missing_labels": "refuse"})
    assert not found_in(str(caught.value).encode())


def test_labels_that_are_fetched_leave_no_copy(tmp_path: Path, home: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    MemoryFileSystem().pipe_file("/l.csv", b"patient,label\nPID-4711-XY,1\n")
    root = folder(tmp_path, a=ct(1))
    try:
        found = read(source(root, labels="memory://l.csv", labels_by="patient"))
    finally:
        MemoryFileSystem().rm("/l.csv")
    assert found["label"].to_pylist() == ["1"]
    left = [path for path in home.rglob("*") if path.is_file()]
    assert left
    assert not any(found_in(path.read_bytes()) for path in left)


def test_two_labels_for_one_patient_are_refused_without_the_name(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1))
    rows = b"patient,label\nPID-4711-XY,1\nPID-4711-XY,0\n"
    labels = write(tmp_path, {"l.csv": rows}) / "l.csv"
    with pytest.raises(DataError, match="another label than an earlier row") as caught:
        read(source(root, labels=str(labels), labels_by="patient"))
    assert not found_in(str(caught.value).encode())


def test_errors_of_archives_name_no_member(tmp_path: Path) -> None:
    packed = tar(tmp_path / "p.tar", {"../Zweifelstein.dcm": ct(1)}, "w")
    linked = tmp_path / "l.tar"
    with tarfile.open(linked, "w") as archive:
        entry = tarfile.TarInfo("Zweifelstein.dcm")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    for place in (packed, linked):
        with pytest.raises(MillraceError) as caught:
            read(source(place))
        assert not found_in(str(caught.value).encode())
        assert caught.value.__cause__ is None


def test_a_link_out_of_the_folder_is_refused_without_its_name(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1))
    (root / "Zweifelstein.dcm").symlink_to("/etc/hostname")
    with pytest.raises(DataError, match="leads out") as caught:
        read(source(root))
    assert not found_in(str(caught.value).encode())


def test_a_remote_folder_is_read(tmp_path: Path) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    files = MemoryFileSystem()
    for number in (1, 2):
        files.pipe_file(f"/scans/Zweifelstein/{number}", ct(number))
    try:
        table = read(source("memory://scans"))
    finally:
        files.rm("/scans", recursive=True)
    assert table["encoding"].to_pylist() == ["dicom", "dicom"]


def test_an_archive_on_a_server_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="in the clear"):
        open_reader(source("https://hospital.example/scans.zip")).partitions()


def test_a_source_without_an_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no DICOM images"):
        read(source(write(tmp_path / "in", {"readme.txt": b"x"})))


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    root = folder(tmp_path, a=ct(1))
    document = source(root)
    part = open_reader(document).partitions()[0]
    (root / "a.dcm").write_bytes(ct(1, KVP="99"))
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(document).read(part))


def test_series_are_not_cut_and_small_ones_share_a_partition(tmp_path: Path) -> None:
    slices = {f"s{n}": ct(n) for n in range(1, 13)}
    root = folder(tmp_path, **slices, **{f"o{n}": of(n) for n in range(20, 40)})
    parts = open_reader(source(root, partition_rows=8)).partitions()
    assert sum(part.rows for part in parts) == 32
    assert max(part.rows for part in parts) >= 12
    assert len(parts) < 21
    table = read(source(root, partition_rows=8))
    assert len(set(table["record_id"].to_pylist())) == 32


def test_the_first_records_of_a_partition_can_be_asked_for(tmp_path: Path) -> None:
    root = folder(tmp_path, **{f"s{n}": ct(n) for n in range(1, 5)})
    document = source(root)
    part = open_reader(document).partitions()[0]
    from dataclasses import replace

    tables = list(open_reader(document).read(replace(part, stop=2)))
    assert sum(table.num_rows for table in tables) == 2


def test_collect_writes_a_certificate_that_passed(tmp_path: Path, bench: Any) -> None:
    root = folder(tmp_path, a=ct(1), b=of(2, BurnedInAnnotation="YES"))
    document = source(root)
    made = [bench.collect(document, part) for part in bench.discover(document)]
    texts = [one.artifact.path("certificate.json").read_text() for one in made]
    assert all(one.result.facts == {"certified": True} for one in made)
    assert sum(json.loads(text)["records"]["stored"] for text in texts) == 1
    assert not found_in("".join(texts).encode())


def test_cleaning_takes_slices_and_refuses_what_is_unreadable(tmp_path: Path, bench: Any) -> None:
    files = {"a": ct(1), "b": b"not DICOM", "c": of(3)[:-40], "d": of(4, RescaleSlope=None)}
    document = source(folder(tmp_path, **files))
    rules = {"budget": {"default": 1.0}, "smallest_head": None}
    params = {"modality": "ct", "reduce_to": None, "label_map": {}, "labels": []}
    params |= {"labelled": False, "rules": CtCleaning(**rules).model_dump(mode="json")}
    made = [bench.collect(document, part) for part in bench.discover(document)]
    cleaned = [bench.run(clean, params, {"records": [one]}) for one in made]
    kept = sum(one.table().num_rows for one in cleaned)
    refused = pa.concat_tables(one.table("quarantine.parquet") for one in cleaned)
    assert (kept, refused.num_rows) == (1, 3)
    assert {text[:20] for text in refused["detail"].to_pylist()} == {
        "not a DICOM file, or",
        "the pixel data is cu",
        "no rescale slope and",
    }


@pytest.mark.parametrize("pack", ["folder", "tar.gz"])
def test_nothing_that_was_planted_is_in_any_file_that_is_left(
    tmp_path: Path, bench: Any, caplog: pytest.LogCaptureFixture, pack: str
) -> None:
    planted = tmp_path / "in"
    images = {f"Zweifelstein/{n}.dcm": ct(n) for n in (1, 2, 3)}
    images |= {"Hildegunde.dcm": b"PID-4711-XY", "x/burned.dcm": of(5, BurnedInAnnotation="YES")}
    place = write(planted, images)
    if pack != "folder":
        place = tar(planted / "p.tar.gz", images, "w:gz")
    rows = write(planted, {"l.csv": b"id,label\nPID-4711-XY,1\nZweifelstein,0\n"}) / "l.csv"
    document = source(place, labels=str(rows), labels_by="patient", name="open_name")
    with caplog.at_level(logging.DEBUG):
        made = [bench.collect(document, part) for part in bench.discover(document)]
    assert sum(one.result.rows for one in made) == 5
    left = [p for p in tmp_path.rglob("*") if p.is_file() and not p.is_relative_to(planted)]
    assert len(left) > 3
    for path in left:
        assert not found_in(path.read_bytes() + str(path.relative_to(tmp_path)).encode()), path
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            assert not found_in(repr(table.to_pylist()).encode()), path
            assert not any(found_in(c) for c in table["content"].to_pylist() if c), path
    assert not found_in(caplog.text.encode())


@pytest.mark.data
def test_the_real_series_goes_through_whole(data_folder: Path) -> None:
    place = data_folder / "dicom-ct" / "ge-head-ct.tar.gz"
    table = read(source(place))
    assert table["encoding"].to_pylist() == ["dicom"] * 28
    thickness = [decode(c).spacing.thickness for c in table["content"].to_pylist()[::9]]
    assert thickness == [4.0, 4.0, 7.0, 7.0]


@pytest.mark.data
def test_of_the_samples_the_two_broken_ones_are_refused(data_folder: Path) -> None:
    table = read(source(data_folder / "dicom-ct" / "dicom-samples.tar.gz"))
    assert table.num_rows == 13
    good = [r for r in table.to_pylist() if r["encoding"] == "dicom"]
    assert len(good) == 11
    assert all(decode(row["content"]).pixels.ndim == 2 for row in good)
    refused = {r["encoding"] for r in table.to_pylist()} - {"dicom"}
    assert refused == {
        "unreadable;not a DICOM file, or one without a readable header",
        "unreadable;the pixel data is cut short",
    }


def test_damage_anywhere_makes_records_and_no_error(tmp_path: Path) -> None:
    chance = random.Random(7)
    files = {}
    for number in range(40):
        data = bytearray(
            ct(number, SeriesInstanceUID=f"1.{number}", StudyInstanceUID=f"2.{number}")
        )
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(132, len(data) - 512)] = chance.randrange(256)
        files[f"f{number}.dcm"] = bytes(data)
    table = read(source(write(tmp_path / "in", files)))
    assert table.num_rows > 20
    for row in table.to_pylist():
        assert row["encoding"] == "dicom" or row["encoding"].startswith("unreadable;")
        assert not [text for text in found_in(row["content"] or b"") if len(text) > 9]
