"""DICOM images and the file of their labels are found, and nobody is named on the way."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dicom_files import ct, found_in
from millrace.data.sources.reader import open_reader
from millrace.data.survey.find import find
from millrace.data.survey.found import Asked, Found
from millrace.errors import DataError, MillraceError, SpecError
from millrace.workflow.dicom_sources import DicomSource

PATIENT = "PID-4711-XY"
"""How ids of patients begin; it is planted, see `dicom_files`."""


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_PRIVACY_KEY", "5a" * 32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four patients of two slices each."""
    made = tmp_path / "in"
    (made / "Zweifelstein").mkdir(parents=True)
    for n in range(8):
        of = n // 2
        said = {
            "PatientID": f"{PATIENT}{of}", "StudyInstanceUID": f"1.2.826.0.1.77.1.8.{of}",
            "SeriesInstanceUID": f"1.2.826.0.1.77.1.9.{of}",
        }  # fmt: skip
        (made / "Zweifelstein" / f"IM{n}").write_bytes(ct(n, **said))
    return made


KEYS = {
    "file": ("file", [f"Zweifelstein/IM{n}" for n in range(8)]),
    "instance": ("SOPInstanceUID", [f"1.2.826.0.1.77.1.2.{n}" for n in range(8)]),
    "series": ("SeriesInstanceUID", [f"1.2.826.0.1.77.1.9.{n}" for n in range(4)]),
    "study": ("Study UID", [f"1.2.826.0.1.77.1.8.{n}" for n in range(4)]),
    "patient": ("patient_id", [f"{PATIENT}{n}" for n in range(4)]),
}


def labelled(path: Path, *columns: tuple[str, list[Any]], header: bool = True) -> Path:
    """Write a CSV file of columns."""
    lines = [",".join(str(v) for v in row) for row in zip(*(c for _, c in columns), strict=True)]
    names = [", ".join(name for name, _ in columns)] if header else []
    path.write_text("\n".join([*names, *lines]) + "\n")
    return path


def classes(keys: list[str]) -> list[str]:
    return ["bleeding" if (n * 4 // len(keys)) % 2 else "none" for n in range(len(keys))]


def found(path: Path, **asked: Any) -> Found:
    return find([(str(path), path)], Asked(**asked))


def one(path: Path, **asked: Any) -> Mapping[str, Any]:
    (source,) = found(path, **asked).sources
    return source


def labels(source: Mapping[str, Any]) -> list[str | None]:
    """Read what was found, as a run would."""
    document = DicomSource(**source).model_dump(mode="json") | {"privacy": {"burned_in": "keep"}}
    reader = open_reader(document)
    tables = [t for part in reader.partitions() for t in open_reader(document).read(part)]
    return sorted(label for t in tables for label in t["label"].to_pylist())


def refused(path: Path, **asked: Any) -> MillraceError:
    with pytest.raises(MillraceError) as caught:
        found(path, **asked)
    assert not found_in(str(caught.value).encode())
    return caught.value


@pytest.mark.parametrize("by", KEYS)
@pytest.mark.parametrize("header", [True, False])
def test_what_a_row_is_about_is_told_from_its_keys(folder: Path, by: str, header: bool) -> None:
    name, keys = KEYS[by]
    labelled(folder / "list.csv", (name, keys), ("bleeding?", classes(keys)), header=header)
    made = found(folder)
    (source,) = made.sources
    assert made.modality == "ct"
    assert source["name"] == "scans"
    assert source["labels_by"] == by
    assert (source["key_column"], source["label_column"]) == (
        (name, "bleeding?") if header else (0, 1)
    )
    assert labels(source) == ["bleeding"] * 4 + ["none"] * 4
    assert not found_in(repr(made).encode())


def test_the_finest_key_is_taken_and_a_name_is_never_a_label(folder: Path) -> None:
    rows = [[KEYS["series"][1][n // 2], KEYS["instance"][1][n]] for n in range(8)]
    people = [["Zweifelstein", "Hildegunde", "Quellbrunn", "Kasimir"][n // 2] for n in range(8)]
    labelled(
        folder / "list.csv",
        ("series", [row[0] for row in rows]),
        ("PatientName", people),
        ("uid", [row[1] for row in rows]),
        ("date", ["2019-03-04", "2019-03-05"] * 4),
        ("bleeding", ["1", "1", "0", "0"] * 2),
    )
    source = one(folder)
    assert (source["labels_by"], source["key_column"]) == ("instance", "uid")
    assert source["label_column"] == "bleeding"


@pytest.mark.parametrize("header", [True, False])
def test_names_alone_are_not_taken_for_labels(folder: Path, header: bool) -> None:
    people = ["Zweifelstein", "Zweifelstein", "Hildegunde", "Hildegunde"] * 2
    people = sorted(people[:4]) + ["Kasimir"] * 2 + ["Quellbrunn"] * 2
    columns = [("file", KEYS["file"][1]), ("who", people)]
    labelled(folder / "list.csv", *columns, header=header)
    assert "which column holds the labels" in refused(folder).problem


def test_of_several_columns_a_person_names_the_one(folder: Path) -> None:
    columns = [("a", ["1", "0"] * 4), ("b", ["0", "1"] * 4), ("id", KEYS["file"][1])]
    labelled(folder / "list.csv", *columns)
    assert "--label" in str(refused(folder).remedy)
    assert one(folder, label="B")["label_column"] == "b"
    assert one(folder, label="0")["label_column"] == "a"
    assert refused(folder, label="c").received == "c"


def test_the_file_whose_rows_name_most_images_is_taken(folder: Path) -> None:
    name, keys = KEYS["patient"]
    labelled(folder / "a.csv", (name, keys[:1] * 2), ("label", ["x", "y"]))
    labelled(folder / "b.csv", (name, keys), ("label", classes(keys)))
    (folder / "c.csv").write_text("ragged\n1,2\n")
    assert one(folder)["labels"] == f"{folder}/b.csv"


@pytest.mark.parametrize("content", [None, "file,label\nother,a\nanother,b\n"])
def test_images_without_labels_are_refused_with_what_to_add(
    folder: Path, content: str | None
) -> None:
    if content is not None:
        (folder / "labels.csv").write_text(content)
    error = refused(folder)
    assert isinstance(error, DataError)
    assert "no slice has a label" in error.problem
    assert "labels.csv" in str(error.remedy)
    assert "8 images" in str(error.received)


def test_a_broken_file_of_labels_is_named_as_what_it_is(folder: Path) -> None:
    (folder / "labels.csv").write_text("file,label\nZweifelstein\n")
    assert "ragged" in refused(folder).problem


def test_a_key_is_needed_and_it_is_said_how_to_make_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILLRACE_PRIVACY_KEY")
    error = refused(folder)
    assert isinstance(error, SpecError)
    assert "MILLRACE_PRIVACY_KEY" in str(error)


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_has_its_labels_beside_it_and_leaves_no_name_on_disk(
    folder: Path, tmp_path: Path, home: Path, suffix: str
) -> None:
    archive = tmp_path / f"scans{suffix}"
    files = sorted(folder.rglob("IM*"))
    if suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for file in files:
                opened.write(file, file.relative_to(folder))
    else:
        with tarfile.open(archive, "w:gz") as tar:
            for file in files:
                tar.add(file, str(file.relative_to(folder)))
    name, keys = KEYS["patient"]
    labelled(tmp_path / "labels.csv", (name, keys), ("label", classes(keys)))
    source = one(archive)
    assert source["labels"] == str(tmp_path / "labels.csv")
    assert labels(source) == ["bleeding"] * 4 + ["none"] * 4
    assert not any(found_in(p.read_bytes()) for p in home.rglob("*") if p.is_file())


@pytest.mark.parametrize("names", [["Zweifelstein.zip"], ["Hildegunde.zip", "Kasimir.zip"]])
def test_archives_in_a_folder_may_be_called_for_people_and_are_not_named(
    folder: Path, tmp_path: Path, names: list[str]
) -> None:
    (tmp_path / "archives").mkdir()
    for name in names:
        with zipfile.ZipFile(tmp_path / "archives" / name, "w") as opened:
            opened.write(folder / "Zweifelstein" / "IM1", "Zweifelstein/IM1")
    error = refused(tmp_path / "archives")
    assert "archives that hold DICOM" in error.problem
    assert error.received == f"{len(names)} archives"


def test_a_damaged_archive_is_left_to_who_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(MillraceError):
        found(tmp_path / "a.tar.gz")


def test_images_of_other_kinds_are_left_out_and_alone_refused(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for n in range(4):
        data = ct(n, Modality="CT" if n else "MR", PatientID=f"{PATIENT}{n}")
        (folder / f"{n}.dcm").write_bytes(data)
    labelled(folder / "l.csv", ("file", ["1", "2", "3"]), ("label", ["a", "b", "a"]))
    assert one(folder)["modalities"] == ["CT"]
    for n in range(1, 4):
        (folder / f"{n}.dcm").write_bytes(ct(n, Modality="MR"))
    assert "4 MR" in str(refused(folder).received)


def test_pictures_are_slices_where_somebody_says_so(tmp_path: Path) -> None:
    from drawn_slices import grey, png

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(png(grey()))
    assert found(tmp_path).modality == "image"
    made = found(tmp_path, modality="ct")
    assert (made.modality, made.sources[0]["kind"]) == ("ct", "image_folder")
