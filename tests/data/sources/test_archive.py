"""Archives of pictures, and archives that were made to do harm."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from millrace.workflow.folder_sources import ImageFolderSource

Pack = Callable[[Path, dict[str, bytes]], Path]


def zipped(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return folder / "p.zip"


def tarred(folder: Path, members: dict[str, bytes], ending: str = "tar") -> Path:
    mode = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[ending]
    with tarfile.open(folder / f"p.{ending}", mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return folder / f"p.{ending}"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(params=[zipped, tarred], ids=["zip", "tar"])
def pack(request: pytest.FixtureRequest) -> Pack:
    made: Pack = request.param
    return made


def source(path: Path, **values: Any) -> dict[str, Any]:
    named = {"name": "pets", "kind": "image_folder", "uri": str(path)}
    return ImageFolderSource(**named | values).model_dump(mode="json")


def read(path: Path, **values: Any) -> pa.Table:
    reader = open_reader(source(path, **values))
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def labels(path: Path, **values: Any) -> dict[str, str | None]:
    rows = read(path, **values).to_pylist()
    return {row["origin"]: row["label"] for row in rows}


MEMBERS = {"cat/b.png": b"b", "cat/a.png": b"a", "dog/c.JPG": b"c", "notes.txt": b"", ".x.png": b""}


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_pictures_of_an_archive_become_records(tmp_path: Path, home: Path, ending: str) -> None:
    path = zipped(tmp_path, MEMBERS) if ending == "zip" else tarred(tmp_path, MEMBERS, ending)
    rows = read(path).to_pylist()
    assert [(r["record_id"], r["label"], r["content"]) for r in rows] == [
        ("pets/cat/a.png", "cat", b"a"),
        ("pets/cat/b.png", "cat", b"b"),
        ("pets/dog/c.JPG", "dog", b"c"),
    ]
    assert not list(home.rglob("*.png"))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["w/v/cat/a.png", "w/v/dog/a.png", "w/v/x.png"], ["cat", "dog", None]),
        (["w/cat/a.png", "w/cat/b.png"], ["cat", "cat"]),
        (["cat/a.png"], ["cat"]),
        (["./cat/a.png", "./dog//b.png"], ["cat", "dog"]),
        (["a.png"], [None]),
        (["cat/old/a.png", "dog/old/b.png"], ["cat", "dog"]),
    ],
)
def test_folders_around_all_classes_do_not_count(
    tmp_path: Path, pack: Pack, names: list[str], expected: list[str | None]
) -> None:
    assert list(labels(pack(tmp_path, dict.fromkeys(names, b"x"))).values()) == expected


def test_labels_of_an_archive_are_found(tmp_path: Path, pack: Pack) -> None:
    members = {"w/000.png": b"0", "w/001.png": b"1"}
    expected = {"w/000.png": "x", "w/001.png": "y"}
    for place in ("labels.csv", "w/labels.csv"):
        path = pack(tmp_path, {**members, place: b"id,label\n0,x\n1,y\n"})
        assert labels(path) == expected


def test_a_folder_of_an_archive_may_be_read(tmp_path: Path, pack: Pack) -> None:
    path = pack(
        tmp_path, {"w/train/cat/a.png": b"", "w/test/dog/b.png": b"", "w/train2/c.png": b""}
    )
    assert labels(path, folder="w/train") == {"cat/a.png": "cat"}


@pytest.mark.parametrize("name", ["../a.png", "cat/../../a.png", "/a.png", "C:/a.png", "../x.txt"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, pack: Pack, name: str) -> None:
    with pytest.raises(DataError, match="a member whose path leads out of it"):
        read(pack(tmp_path, {"cat/ok.png": b"", name: b""}))


def test_backslashes_of_a_zip_are_slashes(tmp_path: Path) -> None:
    assert labels(zipped(tmp_path, {"cat\\a.png": b""})) == {"cat/a.png": "cat"}
    with pytest.raises(DataError, match="leads out"):
        read(zipped(tmp_path, {"..\\a.png": b""}))


@pytest.mark.parametrize("again", ["cat/a.png", "./cat/a.png", "cat//a.png"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path: Path, again: str) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("cat/a.png", b"a")
        archive.writestr(again, b"b")
    with pytest.raises(DataError, match="two files of one name"):
        read(tmp_path / "p.zip")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "p.tar", "w") as archive:
        entry = tarfile.TarInfo("cat/a.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(DataError, match=r"link or device instead of a file.*cat/a\.png"):
        read(tmp_path / "p.tar")


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("cat/a.png")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="link or device"):
        read(tmp_path / "p.zip")


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(1 << 20))
    data = (tmp_path / "p.zip").read_bytes()
    size = struct.pack("<I", 1 << 20)
    (tmp_path / "p.zip").write_bytes(data.replace(size, struct.pack("<I", (1 << 32) - 2)))
    with pytest.raises(DataError, match="unpack to too much"):
        read(tmp_path / "p.zip")


def test_a_zip_that_unpacks_to_more_than_it_says_is_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a.png": bytes(1 << 20)})
    size = struct.pack("<I", 1 << 20)
    path.write_bytes(path.read_bytes().replace(size, struct.pack("<I", 100)))
    with pytest.raises(DataError, match="truncated, damaged"):
        read(path)


def test_a_sparse_member_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "p.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.png")
        entry.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": "a.png",
            "GNU.sparse.realsize": str(1 << 40),
        }
        data = b"1\n0\n1\n".ljust(512, b"\0") + b"x".ljust(512, b"\0")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    with pytest.raises(DataError, match="instead of a file"):
        read(tmp_path / "p.tar")


def test_a_compressed_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("millrace.data.sources.unpacked._LARGEST", 1 << 20)
    for ending in ("tar.gz", "tar.bz2", "tar.xz"):
        path = tarred(tmp_path, {"a.png": bytes(9 << 20)}, ending)
        with pytest.raises(DataError, match="unpacks to too much"):
            read(path)


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_a_truncated_archive_is_refused(tmp_path: Path, ending: str, share: float) -> None:
    members = {f"{n}.png": os.urandom(9_000) for n in range(5)}
    path = zipped(tmp_path, members) if ending == "zip" else tarred(tmp_path, members, ending)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError):
        read(path)


def test_the_index_of_an_archive_is_made_once(
    tmp_path: Path, home: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(tmp_path, {"w/cat/a.png": b"a", "w/labels.csv": b"a,x\n", "x.txt": b""})
    first = read(path)
    for kind in ("archive_zip.ZipArchive", "archive_tar.TarArchive"):
        monkeypatch.delattr(f"millrace.data.sources.{kind}.members")
    assert read(path).equals(first)
    assert first["label"].to_pylist() == ["x"]
    (note,) = (home / "digests").glob("archive-*.json")
    monkeypatch.undo()
    for damaged in ("", "[]", '{"pictures": [[1]]}', '{"pictures": [], "ignored": 0}'):
        note.write_text(damaged)
        monkeypatch.setenv("MILLRACE_HOME", str(home))
        assert read(path).equals(first)


def test_members_of_every_common_packing_are_read(tmp_path: Path) -> None:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for method in methods:
        with zipfile.ZipFile(tmp_path / "p.zip", "w", method) as archive:
            archive.writestr("a.png", b"abc" * 1_000)
        if method != zipfile.ZIP_LZMA:
            assert read(tmp_path / "p.zip")["content"].to_pylist() == [b"abc" * 1_000]
    with pytest.raises(DataError, match="compression 14"):
        read(tmp_path / "p.zip")


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"cat/a.png": os.urandom(5_000)})
    data = bytearray(path.read_bytes())
    data[2_000] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"cat/a\.png: an archive is truncated, damaged"):
        read(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"a.png": b"abc"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"received ValueError\(.a password.\)"):
        read(path)


def test_a_file_that_is_no_archive_says_what_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG and more")
    with pytest.raises(DataError, match="neither a folder nor an archive"):
        read(tmp_path / "a.png")


def test_an_archive_that_changed_is_refused(tmp_path: Path, pack: Pack) -> None:
    path = pack(tmp_path, {"a.png": b"a"})
    (partition,) = open_reader(source(path)).partitions()
    pack(tmp_path, {"a.png": b"b"})
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source(path)).read(partition))


def test_an_archive_that_changes_while_it_is_read_is_refused(tmp_path: Path, pack: Pack) -> None:
    path = pack(tmp_path, {"a.png": b"a"})
    reader = open_reader(source(path))
    tables = reader.read(reader.partitions()[0])
    next(tables)
    path.write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="changed after it was discovered"):
        next(tables)


def test_an_archive_of_another_digest_is_refused(tmp_path: Path, pack: Pack) -> None:
    with pytest.raises(DataError, match="fails its checksum"):
        read(pack(tmp_path, {"a.png": b"a"}), sha256="0" * 64)


def test_strange_names_of_members_become_valid_ids(tmp_path: Path) -> None:
    names = ["犬/a.png", "\udcff/b.png", "c\nd/e.png", "x" * 250 + "/f.png"]
    found = labels(tarred(tmp_path, dict.fromkeys(names, b"")))
    assert sorted(filter(None, found.values())) == ["%FF", "c%0Ad", "x" * 250, "犬"]


@pytest.mark.data
def test_the_head_scans_are_read_from_their_archive(data_folder: Path) -> None:
    folder = data_folder / "head-ct-hemorrhage"
    found = labels(folder / "head_ct.zip", labels=str(folder / "labels.csv"))
    assert len(found) == 200
    assert found["head_ct/000.png"] == "1"
