"""The table that predictions are delivered to: its columns, its key, its making.

Classes have `predicted`, `probability` and `probabilities`, numbers have `predicted` as a text and
`value`. A table of that name that is something else is refused, never changed.
"""

from __future__ import annotations

import re

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Inspector,
    Integer,
    MetaData,
    Table,
    Text,
    inspect,
)

from millrace.data.delivery.database import writing
from millrace.data.delivery.upgrade import mark_reviews, take_values
from millrace.errors import SpecError

KEY = ("workflow", "model_version", "record_id", "content")
REVIEW = "needs_review"
"""A column that older tables of predictions lack; it is added to them."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def prediction_table(name: str) -> Table:
    """Return the description of the table; raise `SpecError` for a name that is no identifier."""
    if not _NAME.fullmatch(name) or name.startswith(("sqlite_", "pg_")):
        raise SpecError(
            "not a table name",
            where="predict.table",
            expected="lower-case letters, digits and underscores, at most 63, no digit first",
            received=name,
        )
    return Table(
        name,
        MetaData(),
        Column("workflow", Text, primary_key=True),
        Column("model_version", Integer, primary_key=True, autoincrement=False),
        Column("record_id", Text, primary_key=True),
        Column("content", Text, primary_key=True),
        Column("source", Text, nullable=False),
        Column("model_digest", Text, nullable=False),
        Column("label", Text),
        Column("predicted", Text, nullable=False),
        Column("probability", Float),
        Column("probabilities", Text),
        Column("value", Float),
        Column(REVIEW, Boolean),
        Column("run_id", Text, nullable=False),
        Column("batch_key", Text, nullable=False),
        Column("predicted_at", DateTime(timezone=True), nullable=False),
    )


def ensure_table(engine: Engine, table: Table, *, values: bool) -> None:
    """Make the table where it is missing, once however many try; check it where it is there, and
    add what older ones lack.

    A table from before predictions could be numbers stays as it is, until numbers are delivered.

    Args:
        values: whether numbers are to be delivered.

    Raises:
        SpecError: a table of that name has other columns or another key.
    """
    if not inspect(engine).has_table(table.name):
        with writing(engine, f"create {table.name}") as connection:
            table.create(connection, checkfirst=True)
    lacking = _check(inspect(engine), table)
    with writing(engine, f"create {table.name}") as connection:
        if REVIEW in lacking:
            mark_reviews(connection, table, REVIEW)
        if "value" in lacking and values:
            take_values(connection, table)


def _check(inspector: Inspector, table: Table) -> set[str]:
    """Return the columns that the table is too old to have."""
    found = {column["name"] for column in inspector.get_columns(table.name)}
    wanted = {column.name for column in table.columns}
    key = set(inspector.get_pk_constraint(table.name)["constrained_columns"])
    lacking = wanted - found
    if found <= wanted and lacking <= {"value", REVIEW} and key == set(KEY):
        return lacking
    differences = [
        f"{word} {', '.join(sorted(names))}"
        for word, names in (("without", wanted - found), ("with", found - wanted))
        if names
    ]
    raise SpecError(
        "a table of that name is not a table of predictions",
        where=f"table {table.name}",
        expected=f"columns {', '.join(c.name for c in table.columns)}; key {', '.join(KEY)}",
        received="; ".join(differences) or f"the key ({', '.join(sorted(key))})",
        remedy="Name another table in predict.table; Millrace makes it.",
    )
