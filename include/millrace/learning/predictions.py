"""The Predictions table: what a bundle or a baseline says of every record.

The order of the probabilities is kept in the schema, under ``millrace.labels``, so that a reader
needs no bundle. No metric is computed here and no database is written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import column_to_images, image_shape, read_schema, read_table
from millrace.errors import DataError
from millrace.learning.bundle import Bundle

COLUMNS = ("record_id", "source", "label", "content_digest", "image")
"""What predictions take from a table of canonical records."""

_DIGEST = pa.binary(16)


def predictions_schema(labels: Sequence[str]) -> pa.Schema:
    """Return the schema of the predictions of a model with these classes, in this order."""
    return pa.schema(
        [
            pa.field("record_id", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            pa.field("label", pa.string()),
            pa.field("content_digest", _DIGEST, nullable=False),
            pa.field("predicted", pa.string(), nullable=False),
            pa.field("probability", pa.float32(), nullable=False),
            pa.field(
                "probabilities",
                pa.list_(pa.float32(), len(labels)),
                nullable=False,
                metadata={"millrace.labels": json.dumps(list(labels))},
            ),
        ]
    )


def predictions_table(
    records: pa.Table, probabilities: npt.NDArray[np.float32], labels: Sequence[str]
) -> pa.Table:
    """Return the predictions of `records`; `probabilities` is (rows, classes)."""
    best = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.int64)
    flat = pa.array(np.ascontiguousarray(probabilities, np.float32).ravel())
    columns = {name: records[name] for name in COLUMNS if name != "image"}
    columns["predicted"] = pa.array(labels, pa.string()).take(pa.array(best))
    columns["probability"] = pa.array(probabilities[np.arange(len(best)), best], pa.float32())
    columns["probabilities"] = pa.FixedSizeListArray.from_arrays(flat, len(labels))
    return pa.table(columns).cast(predictions_schema(labels))


def predict_table(bundle: Bundle, path: Path) -> Iterator[pa.Table]:
    """Yield the predictions of a table of records, one row group alive at a time.

    Raises:
        DataError: the table's pictures have another shape than the bundle's input, or it has none.
    """
    shape = _picture_shape(path)
    if shape != bundle.shape:
        raise DataError(
            "records do not fit the bundle",
            where=bundle.where,
            expected=f"pictures (height, width, channels) of {bundle.shape}",
            received=shape,
            remedy="Transform the records as the bundle's training set was transformed.",
        )
    for records in read_table(path, list(COLUMNS)):
        probabilities = bundle.predict(column_to_images(records["image"], shape))
        yield predictions_table(records, probabilities, bundle.labels)


def _picture_shape(path: Path) -> tuple[int, int, int]:
    try:
        schema = read_schema(path)
        schema.field("content_digest")
        return image_shape(schema)
    except (KeyError, ValueError) as error:
        raise DataError(
            "not a table of canonical records",
            where=path.name,
            expected="columns `content_digest` and `image`, the latter with its shape",
            received=error,
        ) from error
