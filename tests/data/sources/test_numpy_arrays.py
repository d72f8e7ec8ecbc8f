"""Arrays in .npy and .npz files: every shape and type, and what a damaged or hostile one does."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import array_sources as made
from millrace.data.sources import numpy_arrays_zip
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def pixels(table: pa.Table) -> Any:
    return np.frombuffer(b"".join(table["content"].to_pylist()), np.uint8)


def header(shape: str, descr: str = "'|u1'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    ("shape", "layout", "size"),
    [
        ((9, 4, 5), "auto", (4, 5, 1)),
        ((9, 4, 5, 1), "auto", (4, 5, 1)),
        ((9, 4, 5, 3), "auto", (4, 5, 3)),
        ((9, 1, 4, 5), "auto", (4, 5, 1)),
        ((9, 3, 4, 5), "auto", (4, 5, 3)),
        ((9, 3, 4, 3), "channels_last", (3, 4, 3)),
        ((9, 3, 4, 3), "channels_first", (4, 3, 3)),
        ((9, 16), "auto", (4, 4, 1)),
    ],
)
def test_shapes_are_understood(files: Any, shape: Any, layout: str, size: Any) -> None:
    images = files.pixels(9, shape[1:])
    table = read(made.npy(files.folder, images, layout=layout))
    first = len(shape) == 4 and size != shape[1:]
    expected = images.transpose(0, 2, 3, 1) if first else images
    assert (pixels(table) == expected.reshape(-1)).all()
    height, width, channels = size
    said = f"pixels;height={height};width={width};channels={channels};maximum=255"
    assert set(table["encoding"].to_pylist()) == {said}


@pytest.mark.parametrize(
    "shape", [(9,), (), (9, 4, 5, 4), (9, 4, 5, 2), (9, 2, 3, 4, 3), (9, 0, 4), (9, 15), (9, 0)]
)
def test_other_shapes_are_refused(files: Any, shape: Any) -> None:
    with pytest.raises(DataError, match=r"not one of pictures|not a picture|not an \.npy"):
        open_reader(made.npy(files.folder, np.zeros(shape, np.uint8))).partitions()


def test_channels_at_both_ends_must_be_told(files: Any) -> None:
    source = made.npy(files.folder, files.pixels(9, (3, 4, 3)))
    with pytest.raises(DataError, match=r"first or its last axis.*Write `layout"):
        open_reader(source).partitions()


@pytest.mark.parametrize(
    ("dtype", "maximum", "values", "expected"),
    [
        ("?", None, [0, 1], [0, 255]),
        ("i1", None, [0, 127], [0, 127]),
        ("<i8", None, [0, 255], [0, 255]),
        (">i4", None, [1, 255], [1, 255]),
        ("<u2", None, [255, 65535], [0, 255]),
        (">u2", None, [256, 65280], [1, 255]),
        ("<u2", 4095, [0, 4095], [0, 255]),
        ("u1", 16, [8, 16], [128, 255]),
        ("<f4", 1, [0.5, 1.0], [128, 255]),
        (">f8", 255, [0.4, 254.6], [0, 255]),
        ("<f2", 1, [0.0, 1.0], [0, 255]),
    ],
)
def test_types_become_bytes(
    files: Any, dtype: str, maximum: Any, values: Any, expected: Any
) -> None:
    images = np.array(values, dtype).reshape(1, 1, 2)
    table = read(made.npy(files.folder, images, maximum=maximum))
    assert pixels(table).tolist() == expected


@pytest.mark.parametrize(
    ("dtype", "maximum", "value", "said"),
    [
        ("<f4", 1, np.nan, "pixel 3 is nan, not a number from 0 to 1"),
        ("<f4", 1, 1.5, "pixel 3 is 1.5"),
        ("<f8", 255, np.inf, "pixel 3 is inf"),
        ("<i8", None, 256, "pixel 3 is 256, not a number from 0 to 255"),
        ("<i8", None, -1, "pixel 3 is -1"),
        ("u1", 16, 17, "pixel 3 is 17, not a number from 0 to 16"),
    ],
)
def test_a_bad_picture_is_a_record_that_says_why(
    bench: Any, files: Any, dtype: str, maximum: Any, value: Any, said: str
) -> None:
    images = (
        np.arange(12).reshape(3, 2, 2).astype(dtype) / np.array(12, dtype)
        if (maximum == 1)
        else np.arange(12).reshape(3, 2, 2).astype(dtype)
    )
    images = images.astype(dtype)
    images[1, 1, 1] = value
    source = made.npy(files.folder, images, np.arange(3), maximum=maximum)
    cleaned = bench.clean(bench.collect(source, bench.discover(source)[0]))
    (refused,) = cleaned.table("quarantine.parquet").to_pylist()
    assert (refused["reason"], refused["label"]) == ("undecodable", "1")
    assert said in refused["detail"]
    assert refused["content"] == images[1].tobytes()


def test_fractions_need_a_maximum(files: Any) -> None:
    source = made.npy(files.folder, np.zeros((2, 3, 3)))
    with pytest.raises(DataError, match=r"fractions.*Write `maximum: 1`"):
        open_reader(source).partitions()


@pytest.mark.parametrize("dtype", ["c8", "<U4", "S4", "M8[s]", "V4"])
def test_types_that_are_no_numbers_are_refused(files: Any, dtype: str) -> None:
    source = made.npy(files.folder, np.zeros((2, 3, 3), dtype))
    with pytest.raises(DataError, match=r"holds no numbers|objects or structures"):
        open_reader(source).partitions()


def test_objects_are_never_unpickled(files: Any, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "evil",)

    for array in (np.array([Evil()] * 4, object), np.zeros(4, [("a", "u1"), ("b", "O")])):
        np.save(files.folder / "evil.npy", array, allow_pickle=True)
        source = made.npy(files.folder, files.pixels(4, (2, 2)))
        for field in ("images", "labels"):
            changed = source | {field: str(files.folder / "evil.npy")}
            with pytest.raises(DataError, match="objects"):
                read(changed)
    (files.folder / "evil.npy").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DataError, match=r"not an \.npy file"):
        read(source | {"images": str(files.folder / "evil.npy")})
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPX\x01\x00v\x00{}",
        header("(2, 2, 2)")[:-5],
        header("(2, 2, 2)") + b"1234567",
        header("(2, 2, 2)") + b"123456789",
        header("(9" + "9" * 12 + ", 2, 2)"),
        header("(99999999999999, 1, 1)") + b"1",
        header("(-1, 2, 2)"),
        header("(2.0, 2, 2)"),
        header("(True, 2, 2)"),
        header("__import__('os').getcwd()"),
        header("(" * 2_000),
        header("(2, 2, 2)", "'|u3'"),
        header("(2, 2, 2)", "'u1,u1'"),
        header("(2, 2, 2)", "['a']"),
        header("(1, 1, 1)", "'<U999999999'"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{}",
    ],
)
def test_a_damaged_file_is_refused(files: Any, data: bytes) -> None:
    source = made.npy(files.folder, files.pixels(2, (2, 2)))
    Path(source["images"]).write_bytes(data)
    with pytest.raises(DataError):
        read(source)


def test_fortran_order_is_refused_with_the_remedy(files: Any) -> None:
    source = made.npy(files.folder, np.asfortranarray(files.pixels(4, (2, 2))))
    with pytest.raises(DataError, match="ascontiguousarray"):
        open_reader(source).partitions()


def test_an_array_without_rows_is_an_empty_source(bench: Any, files: Any) -> None:
    with pytest.raises(DataError, match="holds no record"):
        bench.discover(made.npy(files.folder, np.zeros((0, 2, 2), np.uint8)))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([3, 1, 2]), ["3", "1", "2"]),
        (np.array([[3], [1], [2]], ">u2"), ["3", "1", "2"]),
        (np.array([True, False, True]), ["1", "0", "1"]),
        (np.array(["cat", " é ", ""]), ["cat", "é", None]),
        (np.array([b"cat", b"\xff", b" dog"]), ["cat", None, "dog"]),
        (np.array([3.0, np.nan, 1.5]), ["3", None, None]),
    ],
)
def test_labels_become_texts(files: Any, labels: Any, expected: Any) -> None:
    table = read(made.npy(files.folder, files.pixels(3, (2, 2)), labels))
    assert table["label"].to_pylist() == expected


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.arange(4), r"differ in number.*expected \(3,\).*received \(4,\)"),
        (np.eye(3), "several columns.*argmax"),
        (np.zeros((3, 1, 1)), "not one of labels"),
        (np.zeros(3, complex), "not one of labels"),
        (np.zeros(3, "U5000"), "too long for labels"),
    ],
)
def test_wrong_labels_are_refused(files: Any, labels: Any, said: str) -> None:
    source = made.npy(files.folder, files.pixels(3, (2, 2)), labels)
    with pytest.raises(DataError, match=said):
        open_reader(source).partitions()


def test_an_array_that_grew_yields_new_partitions_only(files: Any) -> None:
    images, labels = files.pixels(40, (2, 2)), np.arange(40)
    source = made.npy(files.folder, images[:25], labels[:25], partition_rows=10)
    before = open_reader(source).partitions()
    made.npy(files.folder, images, labels)
    after = open_reader(source).partitions()
    assert after[:2] == before[:2]
    assert [p.rows for p in after] == [10, 10, 10, 10]


def test_a_changed_label_changes_its_partition_only(files: Any) -> None:
    images, labels = files.pixels(25, (2, 2)), np.arange(25)
    source = made.npy(files.folder, images, labels, partition_rows=10)
    before = open_reader(source).partitions()
    labels[12] = 0
    made.npy(files.folder, images, labels)
    after = open_reader(source).partitions()
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, True]
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source).read(before[1]))


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize(
    "names", [("x", "y"), ("images", "labels"), ("x_train", "y_train"), ("arr_0", "arr_1")]
)
def test_usual_members_are_found(files: Any, names: Any, compress: bool) -> None:
    images = files.pixels(20, (2, 2))
    members = {names[0]: images, names[1]: np.arange(20), "other": np.zeros(3)}
    table = read(made.npz(files.folder, members, compress=compress, partition_rows=7))
    assert (pixels(table) == images.reshape(-1)).all()
    assert table["label"].to_pylist() == [str(n) for n in range(20)]
    assert table["origin"][3].as_py() == "made.npz#3"


@pytest.mark.parametrize("values", [{}, {"images": "z"}, {"images": "x_train", "labels": "z"}])
def test_members_that_are_not_clear_are_asked_for(files: Any, values: Any) -> None:
    images = files.pixels(2, (2, 2))
    source = made.npz(files.folder, {"x_train": images, "x_test": images}, **values)
    with pytest.raises(DataError, match=r"member.*x_train, x_test"):
        open_reader(source).partitions()


def test_an_archive_without_labels_has_none(files: Any) -> None:
    images = files.pixels(2, (2, 2))
    for values in ({}, {"labels": None}):
        table = read(made.npz(files.folder, {"x": images}, **values))
        assert table["label"].null_count == 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_refused(files: Any, share: float) -> None:
    source = made.npz(files.folder, {"x": files.pixels(20, (9, 9)), "y": np.arange(20)})
    path = Path(source["uri"])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match="truncated or damaged"):
        read(source)


def test_a_flipped_byte_in_an_archive_is_refused(files: Any) -> None:
    source = made.npz(files.folder, {"x": files.pixels(20, (9, 9))}, compress=False)
    path = Path(source["uri"])
    data = bytearray(path.read_bytes())
    data[800] ^= 255
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="truncated or damaged"):
        read(source)


def test_a_bomb_is_refused_before_it_fills_the_disk(
    files: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numpy_arrays_zip, "_LARGEST", 1 << 20)
    path = files.folder / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header("(4, 1024, 1024)") + bytes(4 << 20))
    source = made.document(made.specs.NpzSource, kind="npz", uri=str(path))
    with pytest.raises(DataError, match="unpacks to too much"):
        open_reader(source).partitions()
    assert not list((home / "unpacked").iterdir())


def test_a_member_that_lies_about_its_length_is_refused(files: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", content := header("(5000, 28, 28)") + bytes(5000 * 784))
    data = buffer.getvalue().replace(len(content).to_bytes(4, "little"), b"\x99\0\0\0")
    path = files.write("lie.npz", data)
    with pytest.raises(DataError):
        read(made.document(made.specs.NpzSource, kind="npz", uri=str(path)))
