"""Folders of picture files: what becomes a record, and what does not."""

from __future__ import annotations

import io
import logging
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from millrace.artifacts.digests import digest_bytes
from millrace.data.sources import listing_digests
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError, SpecError
from millrace.workflow.folder_sources import ImageFolderSource


def picture(seed: int = 0, kind: str = "PNG") -> bytes:
    """Return a small picture of noise as a file of some format."""
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def source(uri: Path | str, **values: Any) -> dict[str, Any]:
    return ImageFolderSource(
        **{"name": "pets", "kind": "image_folder", "uri": str(uri)} | values
    ).model_dump(mode="json")


def put(root: Path, name: str | bytes, data: bytes | None = None) -> Path:
    path = root / os.fsdecode(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture() if data is None else data)
    return path


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def names(document: dict[str, Any]) -> list[str]:
    found: list[str] = read(document)["origin"].to_pylist()
    return found


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    (tmp_path / "pets").mkdir()
    return tmp_path / "pets"


def test_a_subfolder_is_the_class_of_its_pictures(root: Path) -> None:
    put(root, "cat/b.png", picture(1))
    put(root, "cat/young/a.JPG", picture(2, "JPEG"))
    put(root, "dog/c.webp", picture(3, "WEBP"))
    put(root, "d.bmp", picture(4, "BMP"))
    rows = read(source(root)).to_pylist()
    assert [(row["origin"], row["label"]) for row in rows] == [
        ("cat/b.png", "cat"),
        ("cat/young/a.JPG", "cat"),
        ("d.bmp", None),
        ("dog/c.webp", "dog"),
    ]
    assert rows[0]["record_id"] == "pets/cat/b.png"
    assert rows[3]["content"] == picture(3, "WEBP")
    assert {row["encoding"] for row in rows} == {"file"}


def test_a_folder_goes_through_discover_and_collect(root: Path, bench: Any) -> None:
    for number in range(3):
        put(root, f"cat/{number}.png", picture(number))
    (partition,) = bench.discover(source(root))
    collected = bench.collect(source(root), partition)
    assert bench.clean(collected).table()["label"].to_pylist() == ["cat"] * 3


def test_other_files_are_left_out_and_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(root, "cat/a.png")
    for name in ("cat/Thumbs.db", "notes.txt", ".hidden.png", "__MACOSX/b.png", ".git/c.png"):
        put(root, name)
    with caplog.at_level(logging.INFO):
        assert names(source(root)) == ["cat/a.png"]
    assert "1 pictures, 1 with a label, 1 classes; 2 other files" in caplog.text


def test_an_empty_folder_is_an_empty_source(root: Path, bench: Any) -> None:
    put(root, "a.dcm")
    with pytest.raises(DataError, match=r"no pictures in it.*PNG.*1 other files.*`pattern`"):
        bench.discover(source(root))


def test_a_labels_file_of_the_folder_is_found_and_wins(root: Path) -> None:
    for name in ("cat/0.png", "cat/1.png", "2.png"):
        put(root, name)
    put(root, "labels.csv", b"id,label\n0,x\n2,y\n")
    assert read(source(root))["label"].to_pylist() == ["y", "x", None]
    assert read(source(root, labels="subfolders"))["label"].to_pylist() == [None, "cat", "cat"]


def test_labels_and_groups_from_a_file_elsewhere(root: Path, tmp_path: Path) -> None:
    put(root, "a.png")
    path = put(tmp_path, "elsewhere.csv", b"a,p7,x\n")
    values = {"labels": str(path), "label_column": -1, "group_column": 1}
    (row,) = read(source(root, **values)).to_pylist()
    assert (row["label"], row["group"]) == ("x", "p7")


def test_pictures_without_a_label_go_to_quarantine(root: Path, bench: Any) -> None:
    for number in range(3):
        put(root, f"{number}.png", picture(number))
    put(root, "labels.csv", b"0.png,x\n1.png,x\n")
    (partition,) = bench.discover(source(root))
    cleaned = bench.clean(bench.collect(source(root), partition))
    assert cleaned.result.facts["by_reason"] == {"missing_label": 1}


def test_a_label_that_changed_changes_its_partition_alone(root: Path) -> None:
    for number in range(40):
        put(root, f"{number:02d}.png", bytes([number]))
    rows = "".join(f"{n},x\n" for n in range(40))
    put(root, "labels.csv", rows.encode())
    before = open_reader(source(root, partition_rows=8)).partitions()
    put(root, "labels.csv", rows.replace("7,x", "7,y", 1).encode())
    after = open_reader(source(root, partition_rows=8)).partitions()
    assert len(set(after) - set(before)) == 1
    (old,) = set(before) - set(after)
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source(root, partition_rows=8)).read(old))


def test_a_folder_that_grew_yields_few_new_partitions(root: Path) -> None:
    for number in range(300):
        put(root, f"cat/{number:03d}.png", bytes([number % 256]))
    before = {p.fingerprint for p in open_reader(source(root, partition_rows=20)).partitions()}
    put(root, "cat/150b.png", b"new")
    after = {p.fingerprint for p in open_reader(source(root, partition_rows=20)).partitions()}
    assert 1 <= len(after - before) <= 3


def test_the_first_records_alone_are_collected(root: Path, bench: Any) -> None:
    for number in range(10):
        put(root, f"{number}.png", bytes([number]))
    (partition,) = bench.discover(source(root), limit=3)
    assert bench.collect(source(root), partition).table()["origin"].to_pylist() == [
        *("0.png", "1.png", "2.png")
    ]


def test_a_part_of_the_folder_may_be_read(root: Path) -> None:
    for name in ("train/cat/a.png", "test/cat/b.png", "train/cat/c.pgm"):
        put(root, name)
    assert read(source(root, folder="train/")).select(["origin", "label"]).to_pylist() == [
        {"origin": "cat/a.png", "label": "cat"}
    ]
    assert names(source(root, pattern="*.PGM")) == ["train/cat/c.pgm"]
    assert names(source(root, pattern="test/*")) == ["test/cat/b.png"]


@pytest.mark.parametrize("folder", ["../pets", "/etc", "a/../../pets", ".."])
def test_a_part_outside_the_folder_is_refused(root: Path, folder: str) -> None:
    with pytest.raises(ValueError, match="a path below uri"):
        source(root, folder=folder)


def test_a_missing_folder_or_part_is_refused(root: Path) -> None:
    for document in (source(root, folder="none"), source(root / "none"), source("")):
        with pytest.raises(DataError, match=r"does not exist|is not a file"):
            read(document)


def test_a_part_that_is_a_link_out_of_the_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (root / "part").symlink_to(tmp_path / "other")
    with pytest.raises(DataError, match="expected a folder inside"):
        read(source(root, folder="part"))


def test_a_folder_has_no_digest(root: Path) -> None:
    put(root, "a.png")
    with pytest.raises(SpecError, match="a folder has no sha256"):
        read(source(root, sha256="0" * 64))


def test_digests_of_files_at_rest_are_remembered(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(root, "a.png", b"a")
    (first,) = open_reader(source(root)).partitions()
    (note,) = (tmp_path / "home" / "digests").glob("folder-*.json")
    assert ".png" not in note.read_text()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    assert open_reader(source(root)).partitions() == [first]
    note.write_text(re.sub('"[0-9a-f]{64}"', '"remembered"', note.read_text()))
    assert open_reader(source(root)).partitions() != [first]
    os.utime(path)
    assert open_reader(source(root)).partitions() == [first]
    note.write_text("damaged")
    assert open_reader(source(root)).partitions() == [first]


def test_sources_of_one_folder_remember_each_their_own(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "a.png")
    put(root, "b.jpg")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    for pattern in (None, "*.png", "*.jpg"):
        open_reader(source(root, pattern=pattern)).partitions()
    notes = [p.read_text() for p in (tmp_path / "home" / "digests").glob("folder-*.json")]
    assert sorted(note.count(".") for note in notes) == [1, 1, 2]


def test_a_file_too_large_to_be_a_picture_is_a_record_without_content(
    root: Path, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(root, "cat/a.png", b"")
    put(root, "cat/b.png", b"")
    os.truncate(path, (512 << 20) + 1)
    monkeypatch.setattr(listing_digests, "digest_file", lambda path: digest_bytes(b""))
    (partition, *rest) = bench.discover(source(root))
    cleaned = bench.clean(bench.collect(source(root), partition))
    assert len(rest) == 1
    assert cleaned.result.facts["by_reason"] == {"undecodable": 1}
