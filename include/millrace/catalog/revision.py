"""Which revision the catalog's tables have, and bringing them to the newest. Asks one query.

Alembic is imported only where a migration is needed: every task opens a catalog.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy import exc as sql

from millrace.catalog.database import BUSY_TIMEOUT, Database
from millrace.catalog.rows import Base
from millrace.errors import SpecError, TransientError

HEAD = "0004"
"""Revision of `rows`; equal to the newest file of ``migrations/versions``."""

VERSION_TABLE = "millrace_revision"
"""Not Alembic's default name, so that a database may be shared with Airflow."""

_LOCK = 5_213_004_177  # any constant; processes that migrate one PostgreSQL database share it
_PAUSE = 0.05  # seconds between two attempts to switch a new SQLite file to WAL
_MIGRATE = "Run `millrace up` or `millrace catalog migrate`."


def check(database: Database) -> None:
    """Raise `SpecError` unless the catalog has exactly the revision of this Millrace."""
    stored = _stored(database)
    if stored is None:
        raise SpecError("the catalog has no tables yet", where=database.where, remedy=_MIGRATE)
    _refuse_newer(database, stored)
    if stored != HEAD:
        raise SpecError(
            "the catalog is older than this Millrace",
            where=database.where,
            expected=f"revision {HEAD}",
            received=stored,
            remedy=_MIGRATE,
        )


def migrate(database: Database) -> None:
    """Bring the tables to `HEAD`; nothing to do is fine, and so are two processes at once.

    Raises:
        SpecError: the catalog is newer, or the database holds another program's tables.
        TransientError: it is down or locked.
    """
    stored = _stored(database)
    if stored == HEAD:
        return
    _refuse_newer(database, stored)
    if database.file is not None:
        database.file.absolute().parent.mkdir(parents=True, exist_ok=True)
        _use_wal(database)
    _upgrade(database)


def _stored(database: Database) -> str | None:
    """Return the revision of the tables, or None where there are none."""
    if database.file is not None and not database.file.exists():
        return None  # connecting would make an empty file
    with database.connection(write=False) as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
        return None if found is None else str(found)


def _refuse_newer(database: Database, stored: str | None) -> None:
    if stored is not None and stored > HEAD:
        raise SpecError(
            "the catalog was made by a newer Millrace",
            where=database.where,
            expected=f"revision {HEAD} or older",
            received=stored,
            remedy="Update Millrace, or point MILLRACE_CATALOG at another database.",
        )


def _use_wal(database: Database) -> None:
    """Switch to write-ahead logging for good; SQLite does not wait for another that does so."""
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            with closing(database.engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
        except (sqlite3.OperationalError, sql.OperationalError) as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise TransientError(
                    "the catalog's file cannot be opened", where=database.where, received=error
                ) from error
            time.sleep(_PAUSE)
        else:
            return


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    with database.connection(write=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _refuse_foreign(database, connection)
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except sql.ProgrammingError as error:
            raise SpecError(
                "the catalog's tables cannot be made",
                where=database.where,
                received=error.orig,
                remedy="Make the catalog's user the owner of its database.",
            ) from error


def _refuse_foreign(database: Database, connection: Connection) -> None:
    present = set(inspect(connection).get_table_names())
    foreign = sorted(present & set(Base.metadata.tables))
    if foreign and VERSION_TABLE not in present:
        raise SpecError(
            "the database holds another program's tables",
            where=database.where,
            received=", ".join(foreign),
            remedy="Give the catalog a database of its own.",
        )
