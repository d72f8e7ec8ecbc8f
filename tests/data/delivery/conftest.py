"""Databases for delivery (each test on SQLite and on PostgreSQL) and files of predictions."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from millrace.artifacts.tables import write_table

sys.path.append(str(Path(__file__).parents[2]))
import postgres_server

LABELS = ["cat", "dog"]


@pytest.fixture(scope="session")
def server() -> Iterator[postgres_server.PostgresServer]:
    if not postgres_server.available():
        pytest.skip(postgres_server.MISSING)
    running = postgres_server.PostgresServer()
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'predictions.db'}"
        return
    server = request.getfixturevalue("server")
    made = server.create()
    yield made
    server.drop(made)


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of predictions: record i is a dog with probability 0.9."""

    def write(rows: int, start: int = 0, label: str | None = "cat") -> Path:
        ids = [f"s/{i:07}" for i in range(start, start + rows)]
        values = np.tile(np.float32([0.1, 0.9]), rows)
        lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 2)
        schema = pa.schema(
            [
                ("record_id", pa.string()),
                ("source", pa.string()),
                ("partition", pa.int32()),
                ("label", pa.string()),
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
            [0] * rows,
            [label] * rows,
            ["dog"] * rows,
            [0.9] * rows,
            lists,
        ]
        arrays = [
            c if isinstance(c, pa.Array) else pa.array(c, f.type)
            for c, f in zip(columns, schema, strict=True)
        ]
        path = tmp_path / f"predictions-{start}-{rows}.parquet"
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
