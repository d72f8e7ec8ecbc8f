"""MNIST's own pictures through every kind of table and array: the records are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import array_sources as made
from millrace.data.sources.reader import open_reader
from millrace.workflow.sources import IdxSource

ROWS = 1_000
pytestmark = pytest.mark.data


def read(document: dict[str, Any]) -> pa.Table:
    reader = open_reader(document)
    tables = [table for p in reader.partitions() for table in reader.read(p)]
    return pa.concat_tables(tables).slice(0, ROWS).select(["label", "content", "encoding"])


@pytest.fixture
def digits(home: Path, data_folder: Path) -> pa.Table:
    names = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")
    images, labels = (str(data_folder / "mnist" / name) for name in names)
    return read(made.document(IdxSource, kind="idx", images=images, labels=labels))


def test_the_kind_of_file_does_not_matter(digits: pa.Table, tmp_path: Path) -> None:
    images = np.frombuffer(b"".join(digits["content"].to_pylist()), np.uint8).reshape(-1, 28, 28)
    labels = np.array(digits["label"].to_pylist()).astype(int)
    sources = [
        made.image_csv(tmp_path, made.csv_text(images, labels), label="label"),
        made.npy(tmp_path, images.astype(">i8"), labels),
        made.npz(tmp_path, {"x_train": images[..., None] / 255, "y_train": labels}, maximum=1),
        made.hdf5(tmp_path, {"images": images, "labels": labels}, options={"chunks": (7, 28, 28)}),
        made.parquet(tmp_path, made.pixel_lists(images, labels), row_group_size=99),
    ]
    for source in sources:
        assert read(source | {"partition_rows": 300}).equals(digits), source["kind"]
