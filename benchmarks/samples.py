"""Pictures for benchmarks of learning: the digits that ship with scikit-learn, enlarged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.learning.dataset import DatasetSplit
from millrace.learning.pictures.encoder import PixelEncoder

LABELS = tuple("0123456789")
SHAPE = (28, 28, 1)


def digits(folder: Path, rows: int) -> DatasetSplit:
    """Write `rows` pictures of `SHAPE`, each shifted at random so that no two rows are alike."""
    from sklearn.datasets import load_digits

    small, classes = load_digits(return_X_y=True)
    large = np.kron(small.reshape(-1, 8, 8) * (255 / 16), np.ones((3, 3))).astype(np.uint8)
    random = np.random.default_rng(7)
    chosen = random.integers(0, len(large), rows)
    images = np.zeros((rows, *SHAPE), np.uint8)
    for row, (top, left) in enumerate(random.integers(0, 5, (rows, 2))):
        images[row, top : top + 24, left : left + 24, 0] = large[chosen[row]]
    labels = pa.array([LABELS[index] for index in classes[chosen]])
    columns = {
        "record_id": pa.array([f"digits/{row:09d}" for row in range(rows)]),
        "source": pa.repeat("digits", rows),
        "label": labels,
        "content_digest": pa.array([row.to_bytes(16) for row in range(rows)], pa.binary(16)),
        "image": images_to_column(images),
    }
    fields = [pa.field(name, column.type) for name, column in columns.items() if name != "image"]
    schema = pa.schema([*fields, image_field("image", SHAPE)])
    path = folder / "train.parquet"
    write_table(path, schema, [pa.table(list(columns.values()), schema=schema)])
    return DatasetSplit("train", path, LABELS, PixelEncoder(SHAPE))
