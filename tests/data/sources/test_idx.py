"""IDX files: what a damaged or wrong one says."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from millrace.data.sources.reader import open_reader
from millrace.errors import DataError


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


@pytest.fixture(params=[False, True], ids=["plain", "gzip"])
def source(request: pytest.FixtureRequest, files: Any) -> dict[str, Any]:
    document: dict[str, Any] = files.idx_source(
        files.pixels(30, (5, 6)), np.arange(30) % 10, compress=request.param, partition_rows=10
    )
    return document


def change(document: dict[str, Any], field: str, data: bytes) -> None:
    path = Path(document[field])
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def content(document: dict[str, Any], field: str) -> bytes:
    data = Path(document[field]).read_bytes()
    return gzip.decompress(data) if document[field].endswith(".gz") else data


def test_pixels_and_labels_arrive_as_they_are(source: dict[str, Any], files: Any) -> None:
    table = read(source)
    assert b"".join(table["content"].to_pylist()) == files.pixels(30, (5, 6)).tobytes()
    assert table["label"].to_pylist() == [str(n % 10) for n in range(30)]
    assert set(table["encoding"].to_pylist()) == {"pixels;height=5;width=6;channels=1;maximum=255"}


def test_gzip_is_known_by_content_not_by_name(files: Any) -> None:
    plain = files.idx_source(files.pixels(3, (2, 2)), [0, 1, 2])
    for field in ("images", "labels"):
        path = Path(plain[field])
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert len(read(plain)) == 3


def test_a_gzip_file_of_several_members_is_one(files: Any) -> None:
    document = files.idx_source(files.pixels(30, (5, 6)), np.arange(30) % 10)
    data = Path(document["images"]).read_bytes()
    Path(document["images"]).write_bytes(gzip.compress(data[:333]) + gzip.compress(data[333:]))
    assert len(read(document)) == 30


@pytest.mark.parametrize("magic", [0, 2049, 2052, 0x0D03, 0xFFFFFFFF])
def test_a_wrong_magic_number_is_named(source: dict[str, Any], magic: int) -> None:
    change(source, "images", struct.pack(">I", magic) + content(source, "images")[4:])
    with pytest.raises(DataError, match=f"expected magic number 2051; received {magic}"):
        open_reader(source).partitions()


def test_swapped_files_are_recognised(source: dict[str, Any]) -> None:
    swapped = source | {"images": source["labels"], "labels": source["images"]}
    with pytest.raises(DataError, match="swapped"):
        open_reader(swapped).partitions()


def test_different_counts_are_named(source: dict[str, Any], files: Any) -> None:
    change(source, "labels", files.idx(np.arange(29)))
    with pytest.raises(DataError, match="expected 30 labels; received 29 labels"):
        open_reader(source).partitions()


@pytest.mark.parametrize("field", ["images", "labels"])
@pytest.mark.parametrize("kept", [0, 3, 10, 25])
def test_a_truncated_file_is_refused(source: dict[str, Any], field: str, kept: int) -> None:
    change(source, field, content(source, field)[:kept])
    with pytest.raises(DataError, match=r"truncated|does not fit"):
        read(source)


def test_a_truncated_gzip_is_refused_wherever_it_ends(files: Any) -> None:
    document = files.idx_source(files.pixels(30, (5, 6)), np.arange(30) % 10, compress=True)
    path = Path(document["images"])
    data = path.read_bytes()
    for length in (1, 5, 19, len(data) // 2, len(data) - 9, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"truncated|does not fit|not an IDX"):
            read(document)


def test_a_flipped_bit_in_a_gzip_is_refused(files: Any) -> None:
    document = files.idx_source(files.pixels(30, (5, 6)), np.arange(30) % 10, compress=True)
    path = Path(document["images"])
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="truncated or damaged"):
        read(document)


@pytest.mark.parametrize("field", ["images", "labels"])
def test_bytes_after_the_last_record_are_refused(source: dict[str, Any], field: str) -> None:
    change(source, field, content(source, field) + b"\0")
    with pytest.raises(DataError, match=r"more bytes than|does not fit"):
        read(source)


@pytest.mark.parametrize(
    "dimensions", [(2**32 - 1,) * 3, (1, 2**31, 2**31), (2**32 - 1, 28, 28), (3, 0, 5), (3, 5, 0)]
)
def test_a_monstrous_header_allocates_nothing(
    source: dict[str, Any], dimensions: tuple[int, int, int]
) -> None:
    change(source, "images", struct.pack(">4I", 2051, *dimensions) + bytes(100))
    with pytest.raises(DataError, match="does not fit its file"):
        open_reader(source).partitions()


def test_without_a_label_file_labels_are_null(source: dict[str, Any]) -> None:
    assert read(source | {"labels": None})["label"].null_count == 30


def test_a_declared_checksum_is_compared_when_collected(source: dict[str, Any]) -> None:
    wrong = source | {"sha256": {"images": "0" * 64}}
    reader = open_reader(wrong)
    (first, *_) = reader.partitions()
    with pytest.raises(DataError, match="fails its checksum"):
        next(reader.read(first))


def test_content_that_changed_after_discovery_is_refused(
    source: dict[str, Any], files: Any
) -> None:
    (first, *_) = open_reader(source).partitions()
    change(source, "images", files.idx(files.pixels(30, (5, 6), seed=1)))
    with pytest.raises(DataError, match="changed after it was discovered"):
        next(open_reader(source).read(first))


def test_equal_content_elsewhere_has_the_same_fingerprint(
    source: dict[str, Any], tmp_path: Path
) -> None:
    moved = dict(source)
    for field in ("images", "labels"):
        target = tmp_path / "elsewhere" / Path(source[field]).name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(Path(source[field]).read_bytes())
        moved[field] = target.as_uri()
    assert open_reader(moved).partitions() == open_reader(source).partitions()


def test_an_empty_source_is_refused_by_discovery(bench: Any, files: Any) -> None:
    empty = files.idx_source(np.zeros((0, 4, 4)), np.zeros(0))
    with pytest.raises(DataError, match="holds no record"):
        bench.discover(empty)
