"""Databases for delivery (each test on SQLite and on PostgreSQL) and files of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from millrace.artifacts.tables import write_table

LABELS = ["cat", "dog"]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of predictions: record i is a dog with probability 0.9.

    `content` tells pictures of one id apart.
    """

    def write(rows: int, start: int = 0, label: str | None = "cat", content: int = 0) -> Path:
        ids = [f"s/{i:07}" for i in range(start, start + rows)]
        values = np.tile(np.float32([0.1, 0.9]), rows)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 2)
        schema = pa.schema(
            [
                ("record_id", pa.string()),
                ("source", pa.string()),
                ("label", pa.string()),
                ("content_digest", pa.binary(16)),
                ("predicted", pa.string()),
                ("probability", pa.float32()),
                pa.field(
                    "probabilities",
                    lists.type,
                    metadata={"millrace.labels": json.dumps(LABELS)},
                ),
            ]
        )
        columns = [
            ids,
            ["s"] * rows,
            [label] * rows,
            [bytes([content]) * 16] * rows,
            ["dog"] * rows,
            [0.9] * rows,
            lists,
        ]
        arrays = [
            c if isinstance(c, pa.Array) else pa.array(c, f.type)
            for c, f in zip(columns, schema, strict=True)
        ]
        path = tmp_path / f"predictions-{start}-{rows}-{content}.parquet"
        write_table(path, schema, [pa.table(arrays, schema=schema)])
        return path

    return write


@pytest.fixture
def query() -> Callable[..., list[Any]]:
    """Run a statement on a database; give its rows."""

    def run(url: str, statement: str) -> list[Any]:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    return run
