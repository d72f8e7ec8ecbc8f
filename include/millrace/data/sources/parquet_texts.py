"""`text_contents`: texts and records of tables in columns of Parquet files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from millrace.data.encoding import ROW
from millrace.data.sources.contents import Content, refused, text_content
from millrace.data.sources.parquet_columns import ParquetColumns
from millrace.data.sources.row_json import flat, row_json


def text_contents(columns: ParquetColumns, batch: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Return the contents of a batch's rows, and their encodings."""
    if columns.text is not None:
        found = [text_content(value) for value in _values(batch[columns.text])]
    else:
        values = [_values(batch[name]) for name in columns.fields]
        rows = zip(*values, strict=True) if values else ((),) * batch.num_rows
        found = [_record(columns.fields, row) for row in rows]
    content = pa.array([one.content for one in found], pa.binary())
    return content, pa.array([one.encoding for one in found], pa.string())


def _record(names: Sequence[str], values: Sequence[Any]) -> Content:
    fields = dict(zip(names, values, strict=True))
    try:
        return Content(row_json(flat(fields)), ROW)
    except ValueError as error:
        return refused(repr(fields).encode("utf-8", "replace"), str(error))


def _values(column: pa.Array) -> list[Any]:
    """Return a column's values as Python has them; one that it has not, such as a year after 9999,
    stays Arrow's, and so is refused.
    """
    kind = column.type
    types = pa.types
    if types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif types.is_duration(kind) and kind.unit == "ns":
        column = column.cast(pa.duration("us"), safe=False)
    elif types.is_time64(kind) and kind.unit == "ns":
        column = column.cast(pa.time64("us"), safe=False)
    try:
        found: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        found = [_value(scalar) for scalar in column]
    return found


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return scalar
