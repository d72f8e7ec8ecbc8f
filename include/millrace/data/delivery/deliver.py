"""`deliver`: a Predictions table into a SQL table, each record exactly once.

However often it is retried, run at once or killed, the table holds one row for each workflow, model
version, record and content: the primary key says so, rows that are there stay as they are, and all
rows of a delivery appear in one transaction or not at all. Other content under an old record id is
another row. Memory is bounded by a row group. No row is ever changed or deleted here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from millrace.data.delivery.database import open_database, translated, writing
from millrace.data.delivery.rows import has_values, prediction_rows
from millrace.data.delivery.table import KEY, ensure_table, prediction_table
from millrace.errors import DataError

_INSERTS: dict[str, Callable[..., Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@dataclass(frozen=True)
class Delivered:
    """What a delivery did.

    Attributes:
        rows: predictions in the file. new_rows: of them, those that the table did not have.
    """

    rows: int
    new_rows: int


def deliver(
    path: Path,
    url: str,
    table: str,
    *,
    workflow: str,
    run_id: str,
    model_version: int,
    model_digest: str,
    batch_key: str,
    predicted_at: datetime | None = None,
) -> Delivered:
    """Insert the predictions of a file that the table does not have yet.

    Args:
        path: a Parquet file of the Predictions schema.
        url: SQLAlchemy URL, SQLite or PostgreSQL.
        table: name; the table is made where it is missing.
        workflow, run_id, model_version, model_digest, batch_key: written into every row.
        predicted_at: written into every row, UTC; default now.

    Raises:
        SpecError: the URL or the name cannot be used, or the table has other columns or key.
        DataError: another model was delivered as this version, or a text has a NUL character.
        TransientError: the database does not answer, or stays locked.
    """
    target = prediction_table(table)
    constants = {
        "workflow": workflow,
        "model_version": model_version,
        "model_digest": model_digest,
        "run_id": run_id,
        "batch_key": batch_key,
        "predicted_at": predicted_at or datetime.now(UTC),
    }
    engine = open_database(url)
    try:
        with translated(engine, table):
            ensure_table(engine, target, values=has_values(path))
            return _insert(engine, target, path, constants)
    finally:
        engine.dispose()


def _insert(engine: Engine, table: Table, path: Path, constants: dict[str, Any]) -> Delivered:
    """Insert in one transaction, alone among the deliveries of this workflow and version."""
    insert = _INSERTS[engine.dialect.name](table)
    unless_there = insert.on_conflict_do_nothing(index_elements=list(KEY))
    statement = unless_there.returning(table.c.record_id)  # of the rows that it inserted
    lock = f"{table.name}/{constants['workflow']}/{constants['model_version']}"
    rows = new_rows = 0
    with writing(engine, lock) as connection:
        _check_same_model(connection, table, constants)
        for chunk in prediction_rows(path):
            inserted = connection.execute(statement, [{**constants, **row} for row in chunk])
            rows += len(chunk)
            new_rows += len(inserted.all())
    return Delivered(rows, new_rows)


def _check_same_model(connection: Connection, table: Table, constants: dict[str, Any]) -> None:
    """Refuse a version number that another model used: its rows would look delivered already."""
    columns = table.c
    other = connection.scalar(
        select(columns.model_digest)
        .where(columns.workflow == constants["workflow"])
        .where(columns.model_version == constants["model_version"])
        .where(columns.model_digest != constants["model_digest"])
        .limit(1)
    )
    if other is not None:
        raise DataError(
            "this version number belongs to another model here",
            where=f"table {table.name}, {constants['workflow']} {constants['model_version']}",
            expected=constants["model_digest"],
            received=other,
            remedy="Deliver to another table, or remove the rows of the old catalog's versions.",
        )
