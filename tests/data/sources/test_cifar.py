"""CIFAR files and archives: what a damaged or hostile one does."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from millrace.data.sources.reader import open_reader
from millrace.errors import DataError
from millrace.workflow.sources import CifarSource

META = b"cat\ndog\n"


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


@pytest.fixture
def data(files: Any) -> bytes:
    made: bytes = files.cifar([0, 1, 1, 0], files.pixels(4, (32, 32, 3)))
    return made


def test_planes_become_pictures_and_numbers_become_names(files: Any, data: bytes) -> None:
    path = files.tar("c.tar.gz", {"x/data_batch_1.bin": data, "x/batches.meta.txt": META})
    table = read(files.cifar_source(path))
    assert b"".join(table["content"].to_pylist()) == files.pixels(4, (32, 32, 3)).tobytes()
    assert table["label"].to_pylist() == ["cat", "dog", "dog", "cat"]
    assert table["origin"][1].as_py() == "data_batch_1.bin#1"


@pytest.mark.parametrize("name", ["c.tar", "c.tar.gz"])
def test_members_are_taken_by_pattern_then_by_name(files: Any, data: bytes, name: str) -> None:
    members = {f"x/{n}": data for n in ("test.bin", "b.bin", "a.bin", "readme.txt")}
    source = files.cifar_source(files.tar(name, members), members=["*/test.bin", "*.bin"])
    found = [p.member for p in open_reader(source).partitions()]
    assert found == ["x/test.bin", "x/a.bin", "x/b.bin"]


def test_a_label_above_nine_is_no_label(files: Any) -> None:
    data = files.cifar([9, 10, 255], files.pixels(3, (32, 32, 3)))
    table = read(files.cifar_source(files.write("c.bin", data)))
    assert table["label"].to_pylist() == ["9", None, None]


@pytest.mark.parametrize("cut", [1, 3072])
@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_length_is_refused(files: Any, data: bytes, cut: int, packed: bool) -> None:
    short = data[:-cut]
    path = files.tar("c.tar.gz", {"data_batch_1.bin": short}) if packed else None
    source = files.cifar_source(path or files.write("c.bin", short))
    with pytest.raises(DataError, match="expected a multiple of 3073 bytes"):
        open_reader(source).partitions()


def test_no_matching_member_lists_what_there_is(files: Any, data: bytes) -> None:
    source = files.cifar_source(files.tar("c.tar.gz", {"x/train.bin": data}))
    with pytest.raises(DataError, match=r"no member matches.*data_batch.*x/train\.bin"):
        open_reader(source).partitions()


def test_equal_file_names_in_two_folders_are_refused(files: Any, data: bytes) -> None:
    members = {"a/data_batch_1.bin": data, "b/data_batch_1.bin": data}
    with pytest.raises(DataError, match="one file name in several folders"):
        open_reader(files.cifar_source(files.tar("c.tar.gz", members))).partitions()


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_truncated_archive_is_refused(files: Any, data: bytes, share: float) -> None:
    path = files.tar("c.tar.gz", {"data_batch_1.bin": data})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match="truncated or damaged"):
        read(files.cifar_source(path))


def test_a_gzip_that_is_no_archive_is_refused(files: Any, data: bytes) -> None:
    path = files.write("c.bin.gz", data, compress=True)
    with pytest.raises(DataError, match="expected a tar archive"):
        read(files.cifar_source(path))


def test_links_and_paths_of_an_archive_do_no_harm(files: Any, data: bytes, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, kind in (("data_batch_9.bin", tarfile.SYMTYPE), ("b.bin", tarfile.LNKTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        entry = tarfile.TarInfo("../../../evil/data_batch_1.bin")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    source = files.cifar_source(files.write("c.tar.gz", buffer.getvalue()))
    before = sorted(tmp_path.rglob("*"))
    table = read(source)
    assert table["origin"][0].as_py() == "data_batch_1.bin#0"
    assert len(table) == 4
    assert sorted(p for p in tmp_path.rglob("*") if "home" not in p.parts) == before


def test_an_archive_of_empty_members_is_an_empty_source(bench: Any, files: Any) -> None:
    source = files.cifar_source(files.tar("c.tar.gz", {"data_batch_1.bin": b""}))
    with pytest.raises(DataError, match="holds no record"):
        bench.discover(source)


NAMES_100 = {
    "c/fine_label_names.txt": b"".join(b"fine%d\n" % n for n in range(100)),
    "c/coarse_label_names.txt": b"".join(b"coarse%d\n" % n for n in range(20)),
}


@pytest.fixture
def hundred(files: Any) -> bytes:
    """Four records of CIFAR-100: coarse labels 0 to 19 and one too high, fine ones 0 to 99."""
    ten: bytes = files.cifar([0, 42, 99, 100], files.pixels(4, (32, 32, 3)))
    coarse = (0, 7, 19, 20)
    return b"".join(bytes([c]) + ten[n * 3073 : (n + 1) * 3073] for n, c in enumerate(coarse))


def hundred_source(path: Path, **values: Any) -> dict[str, Any]:
    named = {"name": "cifar", "kind": "cifar", "uri": str(path)}
    return CifarSource(**named | values).model_dump(mode="json")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["fine0", "fine42", "fine99", None]),
        ({"labels": "coarse"}, ["coarse0", "coarse7", "coarse19", None]),
        ({"labels": "coarse", "class_names": None}, ["0", "7", "19", None]),
    ],
)
def test_a_hundred_classes_are_known_by_their_names(
    files: Any, hundred: bytes, values: Any, expected: Any
) -> None:
    path = files.tar("c.tar.gz", {"c/train.bin": hundred, "c/test.bin": b"", **NAMES_100})
    table = read(hundred_source(path, partition_rows=3, **values))
    assert table["label"].to_pylist() == expected
    assert b"".join(table["content"].to_pylist()) == files.pixels(4, (32, 32, 3)).tobytes()


def test_a_file_of_a_hundred_classes_needs_the_option(files: Any, hundred: bytes) -> None:
    path = files.write("train.bin", hundred)
    table = read(hundred_source(path, labels="fine"))
    assert table["label"].to_pylist() == ["0", "42", "99", None]
    with pytest.raises(DataError, match=r"wrong length.*may be CIFAR-100: set `labels`"):
        read(hundred_source(path))


def test_a_file_of_ten_classes_read_as_a_hundred_says_so(files: Any, data: bytes) -> None:
    with pytest.raises(DataError, match=r"expected a multiple of 3074.*may be CIFAR-10: leave"):
        read(hundred_source(files.write("c.bin", data), labels="fine"))
