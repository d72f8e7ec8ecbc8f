"""The table that predictions are delivered to: its columns, its key, its making.

Classes have `predicted`, `probability` and `probabilities`, numbers have `predicted` as a text and
`value`. A table of that name that is something else is refused, never changed.
"""

from __future__ import annotations

import re

from sqlalchemy import (
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
from millrace.data.delivery.upgrade import take_values
from millrace.errors import SpecError

KEY = ("workflow", "model_version", "record_id", "content")
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
        Column("run_id", Text, nullable=False),
        Column("batch_key", Text, nullable=False),
        Column("predicted_at", DateTime(timezone=True), nullable=False),
    )


def ensure_table(engine: Engine, table: Table, *, values: bool) -> None:
    """Make the table where it is missing, once however many try; check it where it is there.

    A table from before predictions could be numbers stays as it is, until numbers are delivered.

    Args:
        values: whether numbers are to be delivered.

    Raises:
        SpecError: a table of that name has other columns or another key.
    """
    if not inspect(engine).has_table(table.name):
        with writing(engine, f"create {table.name}") as connection:
            table.create(connection, checkfirst=True)
    if _check(inspect(engine), table) and values:
        with writing(engine, f"create {table.name}") as connection:
            take_values(connection, table)


def _check(inspector: Inspector, table: Table) -> bool:
    """Return whether the table is from before predictions could be numbers."""
    found = {column["name"] for column in inspector.get_columns(table.name)}
    wanted = {column.name for column in table.columns}
    key = set(inspector.get_pk_constraint(table.name)["constrained_columns"])
    old = found == wanted - {"value"}
    if (old or found == wanted) and key == set(KEY):
        return old
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
