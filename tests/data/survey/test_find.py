"""What lies at a path is told by names and headers, and the real readers read what was told."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from millrace.data.survey.find import find
from millrace.data.survey.found import Found, source_name
from millrace.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """Caches of sources go to a temporary folder."""


def png(seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def files(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return folder


def found(path: Path) -> Found:
    return find([(str(path), path)])


def one(path: Path) -> Mapping[str, Any]:
    (source,) = found(path).sources
    return source


def table(path: Path, rows: Any, labels: Any, *, last: bool = False, header: bool = False) -> Path:
    lines = [",".join(["label", *(f"p{n}" for n in range(rows.shape[1]))])] if header else []
    for label, row in zip(labels, rows, strict=True):
        cells = [f"{value:g}" for value in row]
        lines.append(",".join([*cells, str(label)] if last else [str(label), *cells]))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_folder_of_class_folders(tmp_path: Path) -> None:
    source = one(files(tmp_path / "pets", "cat/1.png", "dog/1.png"))
    assert source == {"name": "pets", "kind": "image_folder", "uri": str(tmp_path / "pets")}


def test_folders_around_the_classes_are_entered(tmp_path: Path) -> None:
    root = files(tmp_path / "x", "data/images/cat/1.png", "data/images/dog/1.png")
    assert one(root)["folder"] == "data/images"


def test_folders_named_for_the_split_are_sources_of_it(tmp_path: Path) -> None:
    names = [f"{side}/{kind}/1.png" for side in ("train", "test", "val") for kind in ("a", "b")]
    sides = {s["folder"]: s.get("split") for s in found(files(tmp_path / "x", *names)).sources}
    assert sides == {"train": None, "test": "test", "val": "validation"}


def test_classes_that_are_called_like_one_side_stay_classes(tmp_path: Path) -> None:
    assert "split" not in one(files(tmp_path / "x", "test/1.png", "control/1.png"))


def test_a_stray_archive_beside_class_folders_is_not_the_data(tmp_path: Path) -> None:
    root = files(tmp_path / "x", "cat/1.png", "dog/1.png", "old.zip")
    assert one(root)["uri"] == str(root)


def test_a_file_of_labels_in_the_folder_is_named(tmp_path: Path) -> None:
    root = files(tmp_path / "x", "1.png", "2.png")
    (root / "labels.csv").write_text("file,label\n1.png,a\n2.png,b\n")
    assert one(root)["labels"] == str(root / "labels.csv")


def test_a_lone_table_in_a_folder_is_the_data(tmp_path: Path) -> None:
    table(tmp_path / "a.csv", RNG.integers(0, 256, (5, 16)), "abcde")
    assert one(tmp_path)["kind"] == "image_csv"


def test_test_data_alone_has_no_side(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 256, (10, 5, 5), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "a.npz", x_test=x, y_test=y)
    assert "split" not in one(tmp_path / "a.npz")


@pytest.mark.parametrize(("last", "label"), [(False, 0), (True, -1)])
def test_the_label_of_a_table_without_names_is_found(
    tmp_path: Path, last: bool, label: int
) -> None:
    rows = RNG.integers(0, 256, (40, 16))
    source = one(table(tmp_path / "a.csv", rows, [n % 3 for n in range(40)], last=last))
    assert (source["kind"], source["label"]) == ("image_csv", label)


@pytest.mark.parametrize("last", [False, True])
def test_a_corner_that_is_nearly_always_black_is_no_label(tmp_path: Path, last: bool) -> None:
    rows = RNG.integers(0, 256, (60, 16))
    rows[:, [0, -1]] = 0
    rows[:2, [0, -1]] = 30
    source = one(table(tmp_path / "a.csv", rows, [n % 3 for n in range(60)], last=last))
    assert source["label"] == (-1 if last else 0)
    assert ("column last" if last else "column first") in found(tmp_path / "a.csv").format


def test_the_label_of_a_table_with_names_is_named(tmp_path: Path) -> None:
    rows = RNG.integers(0, 256, (5, 16))
    assert one(table(tmp_path / "a.csv", rows, "abcde", header=True))["label"] == "label"


def test_fractions_and_sixteen_levels_have_their_white(tmp_path: Path) -> None:
    rows = RNG.random((20, 16))
    assert one(table(tmp_path / "a.csv", rows, [1, 2] * 10))["maximum"] == 1
    levels = RNG.integers(0, 17, (20, 16))
    assert one(table(tmp_path / "b.csv", levels, ["x", "y"] * 10))["maximum"] == 16


@pytest.mark.parametrize("planar", [True, False])
def test_the_layout_of_colours_is_told_from_their_neighbours(tmp_path: Path, planar: bool) -> None:
    ramp = np.add.outer(np.arange(8), np.arange(8)) * 8
    images = np.stack([ramp, 255 - ramp, np.full((8, 8), 128)], axis=-1)[None].repeat(20, axis=0)
    rows = (images.transpose(0, 3, 1, 2) if planar else images).reshape(20, -1)
    source = one(table(tmp_path / "a.csv", rows, ["x", "y"] * 10))
    assert (source["channels"], source.get("layout")) == (3, "planar" if planar else None)


def test_arrays_of_both_sides_are_two_sources(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 256, (10, 5, 5), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x[:4], y_test=y[:4])
    pairs = {s["images"]: (s["labels"], s.get("split")) for s in found(tmp_path / "a.npz").sources}
    assert pairs == {"x_train": ("y_train", None), "x_test": ("y_test", "test")}


def test_an_array_of_objects_is_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.array([{}], object), y=np.arange(1))
    with pytest.raises(DataError, match="no pictures with labels"):
        found(tmp_path / "a.npz")


def test_the_labels_of_an_array_lie_beside_it(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", RNG.random((6, 5, 5)))
    with pytest.raises(DataError, match="an array without labels"):
        found(tmp_path / "images.npy")
    np.save(tmp_path / "labels.npy", np.arange(6))
    source = one(tmp_path / "images.npy")
    assert source["labels"] == str(tmp_path / "labels.npy")
    assert source["maximum"] == 1


def test_datasets_of_an_hdf5_file_are_found(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["deep/pictures"] = RNG.integers(0, 256, (6, 5, 5), np.uint8)
        file["deep/target"] = np.arange(6)
    source = one(tmp_path / "a.h5")
    assert (source["images"], source["labels"]) == ("deep/pictures", "deep/target")


def test_columns_of_parquet_are_found(tmp_path: Path) -> None:
    columns = {"photo": [png()], "species": ["cat"], "size": [3]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    source = one(tmp_path / "a.parquet")
    assert (source["image"], source["label"]) == ("photo", "species")


def test_the_files_of_mnist_are_found(tmp_path: Path) -> None:
    for name in ("train", "t10k"):
        images = struct.pack(">4I", 2051, 1, 2, 2) + bytes(4)
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
        (tmp_path / f"{name}-labels-idx1-ubyte.gz").write_bytes(b"")
    sides = {s["name"]: s.get("split") for s in found(tmp_path).sources}
    assert sides == {"train": None, "t10k": "test"}


def test_sources_have_names_and_sides_of_their_own(tmp_path: Path) -> None:
    for name in ("emnist-letters-train", "emnist-letters-test", "emnist.letters.train"):
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(b"")
    sides = {s["name"]: s.get("split") for s in found(tmp_path).sources}
    names = ["emnist_letters_test", "emnist_letters_train", "emnist_letters_train_2"]
    assert sides == dict(zip(names, ("test", None, None), strict=True))


def test_arrays_of_one_side_are_sources_of_their_own(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 256, (10, 5, 5), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "a.npz", images=x, extra=x, labels=y)
    assert [source["name"] for source in found(tmp_path / "a.npz").sources] == [
        "a_train",
        "a_train_2",
    ]


def test_an_archive_with_its_labels_beside_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "scans.zip", "w") as archive:
        archive.writestr("scans/1.png", png())
    (tmp_path / "labels.csv").write_text("id,label\n1,a\n")
    for path in (tmp_path / "scans.zip", tmp_path):
        assert one(path)["labels"] == str(tmp_path / "labels.csv")


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"a,b\nc,d\n", b"\xff\xfe\xfd,1\n", b"file,label\n1.png,a\n"]
)
def test_a_table_that_is_none_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError):
        found(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "name", ["a.npz", "a.h5", "a.parquet", "images.npy", "a.zip", "a.bin", "a"]
)
def test_a_file_of_junk_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"junk" * 99)
    (tmp_path / "labels.npy").write_bytes(b"junk")
    with pytest.raises(DataError):
        found(tmp_path / name)


def test_an_empty_folder_and_no_folder_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing that Millrace could learn from"):
        found(tmp_path)
    with pytest.raises(DataError, match="there is nothing at this path"):
        found(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "name"),
    [("Pets & Co", "pets_co"), ("2024", "data_2024"), ("日本", "data"), ("é", "data")],
)
def test_a_source_is_named_like_its_file(text: str, name: str) -> None:
    assert source_name(text) == name


@pytest.mark.parametrize(("highest", "white"), [(4_000, 4_095), (200, 255), (65_000, None)])
def test_sixteen_bits_that_are_not_all_used_have_their_white(
    tmp_path: Path, highest: int, white: int | None
) -> None:
    pictures = RNG.integers(0, highest, (6, 5, 5), np.uint16)
    pictures[0] = highest
    np.savez(tmp_path / "a.npz", images=pictures, labels=np.arange(6))
    assert one(tmp_path / "a.npz").get("maximum") == white
