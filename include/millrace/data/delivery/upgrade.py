"""`mark_reviews` and `take_values`: old tables of predictions get columns; no row changes.

Indexes, triggers and views of people's own stay.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.schema import CreateTable

_OWN = "SELECT sql FROM sqlite_master WHERE tbl_name = :name AND type <> 'table' AND sql <> ''"


def mark_reviews(connection: Connection, table: Table, column: str) -> None:
    """Add the column that says whether a person must look, null in the rows that are there.

    Args:
        connection: in a transaction that no other delivery shares. table: as it is to be.
        column: its name.
    """
    if column not in {found["name"] for found in inspect(connection).get_columns(table.name)}:
        connection.execute(text(f'ALTER TABLE "{table.name}" ADD COLUMN {column} BOOLEAN'))


def take_values(connection: Connection, table: Table) -> None:
    """Add the column, and let the columns of classes be null.

    Args:
        connection: in a transaction that no other delivery shares. table: as it is to be.
    """
    if "value" in {column["name"] for column in inspect(connection).get_columns(table.name)}:
        return  # another delivery was first
    if connection.dialect.name == "postgresql":
        changes = "ADD COLUMN value double precision"
        for name in ("probability", "probabilities"):
            changes += f", ALTER COLUMN {name} DROP NOT NULL"
        connection.execute(text(f'ALTER TABLE "{table.name}" {changes}'))
        return
    _rebuild(connection, table)


def _rebuild(connection: Connection, table: Table) -> None:
    """Copy the rows to a table that may hold null, which SQLite cannot change in place."""
    own = list(connection.scalars(text(_OWN), {"name": table.name}))
    names = ", ".join(column.name for column in table.columns if column.name != "value")
    old = f"{table.name}_before_values"
    connection.execute(text("PRAGMA legacy_alter_table = ON"))  # views keep the name they have
    connection.execute(text(f'ALTER TABLE "{table.name}" RENAME TO "{old}"'))
    connection.execute(CreateTable(table))
    connection.execute(
        text(f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{old}"')  # noqa: S608
    )
    connection.execute(text(f'DROP TABLE "{old}"'))
    for statement in own:
        connection.exec_driver_sql(statement)
    connection.execute(text("PRAGMA legacy_alter_table = OFF"))
