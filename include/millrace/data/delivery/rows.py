"""Rows of the SQL table, read from a Predictions file, a chunk alive at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import read_schema, read_table
from millrace.errors import DataError

_CHUNK = 1_000  # rows of one statement
_TEXTS = ["record_id", "source", "label", "predicted"]
_REVIEW = "needs_review"
_OF_CLASSES = ["probability", "probabilities"]


def prediction_rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the predictions of a file as rows, at most a thousand at a time.

    ``content`` is the digest of the picture, 32 hex digits; ``probabilities`` is JSON text: an
    object from class to probability in the model's order. ``needs_review`` is None in files that
    do not have it. Predicted numbers have `value` instead.
    """
    labels = None if has_values(path) else _labels(path)
    answers = ["value"] if labels is None else _OF_CLASSES
    marked = [_REVIEW] if _REVIEW in read_schema(path).names else []
    for table in read_table(path, [*_TEXTS, "content_digest", *answers, *marked]):
        for start in range(0, table.num_rows, _CHUNK):
            yield _rows(table.slice(start, _CHUNK), labels)


def has_values(path: Path) -> bool:
    """Whether the predictions of a file are numbers."""
    try:
        names = read_schema(path).names
    except (TypeError, ValueError, pa.ArrowInvalid):
        return False  # refused where it is read
    return "value" in names and "content_digest" in names


def _rows(table: pa.Table, labels: list[str] | None) -> list[dict[str, Any]]:
    columns = {name: table[name].to_pylist() for name in _TEXTS}
    columns["content"] = [digest.hex() for digest in table["content_digest"].to_pylist()]
    marked = _REVIEW in table.column_names
    columns[_REVIEW] = table[_REVIEW].to_pylist() if marked else [None] * table.num_rows
    columns |= {"value": table["value"].to_pylist()} if labels is None else _classes(table, labels)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _classes(table: pa.Table, labels: list[str]) -> dict[str, list[Any]]:
    lists = table["probabilities"].combine_chunks()
    probabilities = _decimals(lists.flatten().to_numpy()).reshape(-1, len(labels)).tolist()
    texts = [
        json.dumps(dict(zip(labels, row, strict=True)), ensure_ascii=False) for row in probabilities
    ]
    shown = _decimals(table["probability"].to_numpy()).tolist()
    return {"probability": shown, "probabilities": texts}


def _decimals(values: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, Any]:
    """Return float32 values as float64 of the shortest decimals: 0.1, not 0.1000000015."""
    return values.astype(np.str_).astype(np.float64)


def _labels(path: Path) -> list[str]:
    """Return the classes in the order of the probabilities, from the schema."""
    try:
        schema = read_schema(path)
        schema.field("content_digest")
        field = schema.field("probabilities")
        labels: list[str] = json.loads(field.metadata[b"millrace.labels"])
    except (KeyError, TypeError, ValueError, pa.ArrowInvalid) as error:
        raise DataError(
            "not a table of predictions",
            where=path.name,
            expected="columns `content_digest`, and `probabilities` that states its classes",
            received=error,
        ) from error
    return labels
