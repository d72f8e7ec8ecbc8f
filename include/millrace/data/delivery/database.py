"""The database that predictions go to: opening it, its write lock, its errors in our words.

SQLite and PostgreSQL only. Passwords never reach a message.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from millrace.errors import DataError, SpecError, TransientError, distrusted

PATIENCE = 60
"""Seconds that a delivery waits for another one's lock."""

_HOPELESS = ("unable to open database file", "readonly database", "file is not a database")


def open_database(url: str) -> Engine:
    """Return an engine; nothing is connected yet.

    Raises:
        SpecError: the URL is not one, its driver is not installed, or it is another database.
    """
    try:
        engine = create_engine(_with_driver(make_url(url)), poolclass=NullPool)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise SpecError(
            "the database of the predictions cannot be used",
            where="MILLRACE_PREDICTIONS",
            expected="sqlite:///<file> or postgresql://<user>:<password>@<host>/<database>",
            received=type(error).__name__,
            remedy="Check the URL; PostgreSQL needs `pip install millrace[postgres]`.",
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name != "postgresql":
        raise SpecError(
            "predictions go to SQLite or PostgreSQL",
            where="MILLRACE_PREDICTIONS",
            expected="sqlite or postgresql",
            received=engine.dialect.name,
        )
    return engine


def _with_driver(url: URL) -> URL:
    """Name the driver that Millrace installs, where the URL leaves it open."""
    plain = url.drivername in ("postgres", "postgresql")
    return url.set(drivername="postgresql+psycopg2") if plain else url


@contextmanager
def writing(engine: Engine, lock: str) -> Iterator[Connection]:
    """Give a transaction that holds `lock` until its end; SQLite has one lock for all writers."""
    with engine.connect().execution_options(millrace_write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}s'"))
            number = int.from_bytes(hashlib.sha256(lock.encode()).digest()[:8], signed=True)
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
        yield connection


@contextmanager
def translated(engine: Engine, table: str) -> Iterator[None]:
    """Raise the driver's errors as ours."""
    where = f"table {table} of {engine.url.render_as_string(hide_password=True)}"
    try:
        yield
    except OperationalError as error:
        raise _operational(error, where) from error
    except DBAPIError as error:
        kind = TransientError if error.connection_invalidated else DataError
        raise kind(
            "the database refuses the predictions", where=where, received=_first(error)
        ) from error
    except (SQLAlchemyError, ValueError) as error:
        raise DataError(
            "the predictions cannot be written", where=where, received=str(error)
        ) from error


def _operational(error: OperationalError, where: str) -> SpecError | TransientError:
    received = _first(error)
    if any(word in received for word in _HOPELESS):
        return SpecError(
            "the database cannot be opened for writing",
            where=where,
            received=received,
            remedy="Check the path and the rights of MILLRACE_PREDICTIONS.",
        )
    if distrusted(error):
        return SpecError(
            "the database's certificate cannot be trusted",
            where=where,
            received=received,
            remedy="Correct sslmode and sslrootcert in MILLRACE_PREDICTIONS, or PGSSLROOTCERT.",
        )
    return TransientError(
        "the database does not answer, or is locked", where=where, received=received
    )


def _first(error: DBAPIError) -> str:
    """Return the driver's first line: the rest repeats the statement and the rows."""
    return str(error.orig).strip().split("\n", 1)[0]


def _configure_sqlite(connection: Any, _record: Any) -> None:
    """Let SQLAlchemy begin transactions itself; readers do not block a writer."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {1_000 * PATIENCE}")
    deadline = time.monotonic() + PATIENCE
    while not _journals_ahead(connection):  # its lock knows no timeout
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("database is locked")
        time.sleep(0.02)


def _journals_ahead(connection: Any) -> bool:
    """Set the write-ahead log, a property of the file; return False where others use it now."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start, so that nobody fails half-way for lack of it."""
    writes = connection.get_execution_options().get("millrace_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
