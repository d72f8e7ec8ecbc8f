"""The Predictions table: what a bundle or a baseline says of every record.

The order of the probabilities is kept in the schema, under ``millrace.labels``, and a number's unit
under ``millrace.unit``, so that a reader needs no bundle. No metric is computed here and no
database is written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import read_schema, read_table
from millrace.errors import DataError
from millrace.learning.decision import REVIEW, Rule, needs_review, predicted_classes
from millrace.workflow.quantity import written

if TYPE_CHECKING:
    from millrace.learning.bundle import Bundle

COLUMNS = ("record_id", "source", "label", "content_digest")
"""What predictions say of a canonical record beside the model's answer."""

_SAID = (
    pa.field("record_id", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("label", pa.string()),
    pa.field("content_digest", pa.binary(16), nullable=False),
    pa.field("predicted", pa.string(), nullable=False),
)


def predictions_schema(labels: Sequence[str]) -> pa.Schema:
    """Return the schema of the predictions of a model with these classes, in this order."""
    return pa.schema(
        [
            *_SAID,
            pa.field("probability", pa.float32(), nullable=False),
            pa.field(REVIEW, pa.bool_(), nullable=False),
            pa.field(
                "probabilities",
                pa.list_(pa.float32(), len(labels)),
                nullable=False,
                metadata={"millrace.labels": json.dumps(list(labels))},
            ),
        ]
    )


def predictions_table(
    records: pa.Table,
    probabilities: npt.NDArray[np.float32],
    labels: Sequence[str],
    rule: Rule | None = None,
) -> pa.Table:
    """Return the predictions of `records`; ``probability`` is that of the predicted class.

    Args:
        records: canonical ones, or their first columns. probabilities: (rows, classes).
        labels: the classes. rule: decides between two; else the most probable one is predicted.
    """
    best = predicted_classes(probabilities, rule)
    flat = pa.array(np.ascontiguousarray(probabilities, np.float32).ravel())
    columns = {name: records[name] for name in COLUMNS}
    columns["predicted"] = pa.array(labels, pa.string()).take(pa.array(best))
    columns["probability"] = pa.array(probabilities[np.arange(len(best)), best], pa.float32())
    columns[REVIEW] = pa.array(needs_review(probabilities, rule))
    columns["probabilities"] = pa.FixedSizeListArray.from_arrays(flat, len(labels))
    return pa.table(columns).cast(predictions_schema(labels))


def predict_table(bundle: Bundle, path: Path) -> Iterator[pa.Table]:
    """Yield the predictions of a table of records, one row group alive at a time.

    Raises:
        DataError: the table's records are of another form than the bundle takes.
    """
    schema = read_schema(path)
    _check_columns(path, schema)
    bundle.encoder.check(schema)
    for records in read_table(path, [*COLUMNS, *bundle.encoder.columns]):
        yield bundle.target.table(records, bundle.predict_records(records))


def _check_columns(path: Path, schema: pa.Schema) -> None:
    missing = sorted(set(COLUMNS) - set(schema.names))
    if missing:
        raise DataError(
            "not a table of canonical records",
            where=path.name,
            expected=f"columns {', '.join(COLUMNS)}",
            received=f"no {', '.join(missing)}",
        )


def values_schema(unit: str = "") -> pa.Schema:
    """Return the schema of the predictions of a model that answers numbers in a unit."""
    return pa.schema(
        [
            *_SAID,
            pa.field("value", pa.float64(), nullable=False, metadata={"millrace.unit": unit}),
        ]
    )


def values_table(records: pa.Table, values: npt.NDArray[np.float64], unit: str = "") -> pa.Table:
    """Return the predictions of `records`; ``predicted`` is the number as a text.

    Args:
        records: canonical ones, or their first columns. values: (rows,).
    """
    columns = {name: records[name] for name in COLUMNS}
    columns["predicted"] = pa.array([written(value) for value in values.tolist()], pa.string())
    columns["value"] = pa.array(values, pa.float64())
    return pa.table(columns).cast(values_schema(unit))
