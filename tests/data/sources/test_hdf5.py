"""HDF5 files: what is read, and that nothing outside the file is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest

import array_sources as made
from millrace.data.sources.reader import open_reader
from millrace.errors import DataError


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    return pa.concat_tables(t for p in reader.partitions() for t in reader.read(p))


def pixels(table: pa.Table) -> Any:
    return np.frombuffer(b"".join(table["content"].to_pylist()), np.uint8)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (7, 4, 5), "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": (30, 4, 5), "compression": "lzf", "maxshape": (None, 4, 5)},
    ],
)
def test_pixels_and_labels_arrive(files: Any, options: Any) -> None:
    images = files.pixels(30, (4, 5))
    datasets = {"images": images, "labels": np.arange(30) % 10}
    table = read(made.hdf5(files.folder, datasets, options=options, partition_rows=12))
    assert (pixels(table) == images.reshape(-1)).all()
    assert table["label"].to_pylist() == [str(n % 10) for n in range(30)]
    assert table["origin"][29].as_py() == "made.h5#29"


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.array([b"cat", b"dog"]), ["cat", "dog"]),
        (["cat", "é"], ["cat", "é"]),
        (np.array([[1], [2]]), ["1", "2"]),
        (np.array([True, False]), ["1", "0"]),
    ],
)
def test_labels_of_several_types(files: Any, labels: Any, expected: Any) -> None:
    table = read(made.hdf5(files.folder, {"images": files.pixels(2, (4, 5)), "labels": labels}))
    assert table["label"].to_pylist() == expected


def test_datasets_may_lie_in_groups_and_labels_be_left_out(files: Any) -> None:
    images = files.pixels(3, (3, 4, 5))
    source = made.hdf5(files.folder, {"a/b/x": images}, images="/a/b/x", labels=None)
    table = read(source)
    assert (pixels(table) == images.transpose(0, 2, 3, 1).reshape(-1)).all()
    assert table["label"].null_count == 3


def test_fractions_are_scaled_and_nan_is_a_bad_record(files: Any) -> None:
    images = np.array([[[0.0, 0.5]], [[1.0, np.nan]]], "f4")
    source = made.hdf5(files.folder, {"images": images}, labels=None, maximum=1)
    table = read(source)
    assert list(table["content"][0].as_py()) == [0, 128]
    assert "pixel 1 is nan" in table["encoding"][1].as_py()


@pytest.mark.parametrize(
    ("field", "path"), [("images", "x"), ("labels", "images/x"), ("images", "group")]
)
def test_a_missing_dataset_lists_what_there_is(files: Any, field: str, path: str) -> None:
    datasets = {"images": files.pixels(2, (4, 5)), "labels": [1, 2], "group/z": [1]}
    source = made.hdf5(files.folder, datasets) | {field: path}
    with pytest.raises(DataError, match=r"no such dataset.*group, group/z, images, labels"):
        open_reader(source).partitions()


def test_links_and_values_outside_the_file_are_refused(files: Any) -> None:
    source = made.hdf5(files.folder, {"images": files.pixels(2, (4, 5))}, labels=None)
    secret = files.write("secret", b"s" * 4_000)
    with h5py.File(source["uri"], "a") as file:
        file["soft"] = h5py.SoftLink("/images")
        file["other"] = h5py.ExternalLink("other.h5", "/images")
        file.create_dataset(
            "raw", (10, 20, 20), "u1", external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
        )
        layout = h5py.VirtualLayout((2, 4, 5), "u1")
        layout[:] = h5py.VirtualSource("other.h5", "images", (2, 4, 5))
        file.create_virtual_dataset("virtual", layout)
    for path in ("soft", "other", "raw", "virtual"):
        with pytest.raises(DataError, match=r"not followed|outside"):
            read(source | {"images": path})


def test_a_dataset_out_of_proportion_to_its_file_is_refused(files: Any) -> None:
    source = made.hdf5(files.folder, {"images": files.pixels(2, (4, 5))}, labels=None)
    with h5py.File(source["uri"], "a") as file:
        file.create_dataset("many", (10**9, 28, 28), "u1", chunks=(1, 28, 28))
        file.create_dataset("wide", (10**6, 28, 28), "u1", chunks=(10**6, 28, 28))
    for path in ("many", "wide"):
        with pytest.raises(DataError, match="holds more than its file can"):
            open_reader(source | {"images": path}).partitions()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4, 0.9])
def test_a_truncated_file_is_refused(files: Any, share: float) -> None:
    source = made.hdf5(files.folder, {"images": files.pixels(200, (9, 9)), "labels": range(200)})
    path = Path(source["uri"])
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match="damaged"):
        read(source)


def test_objects_and_wrong_labels_are_refused(files: Any) -> None:
    datasets = {"images": files.pixels(3, (4, 5)), "labels": [1, 2], "t": np.zeros(3, "i1,f4")}
    source = made.hdf5(files.folder, datasets)
    with pytest.raises(DataError, match="differ in number"):
        open_reader(source).partitions()
    with pytest.raises(DataError, match="not one of labels"):
        open_reader(source | {"labels": "t"}).partitions()
    with pytest.raises(DataError, match="holds no numbers"):
        open_reader(source | {"images": "t"}).partitions()


def test_a_changed_file_is_noticed(files: Any) -> None:
    source = made.hdf5(files.folder, {"images": files.pixels(3, (4, 5))}, labels=None)
    (partition,) = open_reader(source).partitions()
    made.hdf5(files.folder, {"images": files.pixels(3, (4, 5), seed=1)})
    with pytest.raises(DataError, match="changed after it was discovered"):
        list(open_reader(source).read(partition))


def test_a_dataset_that_grew_yields_new_partitions_only(bench: Any, files: Any) -> None:
    images, labels = files.pixels(30, (4, 5)), np.arange(30)
    datasets = {"images": images[:25], "labels": labels[:25]}
    source = made.hdf5(files.folder, datasets, partition_rows=10)
    before = open_reader(source).partitions()
    made.hdf5(files.folder, {"images": images, "labels": labels}, options={"compression": "lzf"})
    assert open_reader(source).partitions()[:2] == before[:2]
    made.hdf5(files.folder, {"images": images, "labels": np.append(labels[:15], [0] * 15)})
    after = open_reader(source).partitions()
    assert [a == b for a, b in zip(after, before, strict=True)] == [True, False, False]
    partitions = bench.discover(source, limit=12)
    tables = [bench.collect(source, partition).table() for partition in partitions]
    assert (pixels(pa.concat_tables(tables)) == images[:12].reshape(-1)).all()


def test_importing_the_readers_loads_no_library() -> None:
    names = ("hdf5", "parquet", "numpy_arrays", "numpy_arrays_zip", "image_csv")
    lines = [f"import millrace.data.sources.{name}" for name in names]
    code = "\n".join([*lines, "import sys", "print({'h5py', 'numpy', 'pyarrow'} & {*sys.modules})"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
