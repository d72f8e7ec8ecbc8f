"""The catalog's connection: engine, transactions, and the one place that translates its failures.

SQLite gets WAL, foreign keys, a busy timeout and transactions that take the write lock at their
start, so that a reader never has to become a writer; PostgreSQL gets its defaults.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy import exc as sql
from sqlalchemy.orm import Session

from millrace.catalog.columns import dump_document
from millrace.errors import SpecError, TransientError, distrusted, shorten

BUSY_TIMEOUT = 30.0
"""Seconds that a statement waits for another process's lock."""

_ATTEMPTS = 50  # of a transaction that lost a race; every round has a winner
_CONNECT_TIMEOUT = 10  # seconds
_DISCONNECTED = (sql.OperationalError, sql.InterfaceError, sql.DisconnectionError, sql.TimeoutError)

Result = TypeVar("Result")


class Database:
    """A SQL database by URL; connects when it is first used.

    Raises:
        SpecError: the URL is wrong, in memory, or its driver is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.engine = _create_engine(self.url)
        self._writer = self.engine.execution_options(immediate=True)

    @property
    def where(self) -> str:
        """The URL as people may see it: without the password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None for a server."""
        sqlite = self.url.get_backend_name() == "sqlite"
        return Path(self.url.database) if sqlite and self.url.database else None

    @contextmanager
    def connection(self, *, write: bool) -> Iterator[Connection]:
        """Give a connection in a transaction; it commits unless an error leaves the block."""
        with self.translated(), (self._writer if write else self.engine).begin() as connection:
            yield connection

    def read(self, work: Callable[[Session], Result]) -> Result:
        """Return what `work` makes of a reading session."""
        with self.translated(), Session(self.engine) as session:
            return work(session)

    def write(self, work: Callable[[Session], Result]) -> Result:
        """Return what `work` makes of a writing transaction.

        `work` runs again, in a new transaction, where another process was faster.

        Raises:
            SpecError: the record refers to something that the catalog does not have.
            TransientError: the database is down or locked, or `work` lost every race.
        """
        for _ in range(_ATTEMPTS):
            try:
                with self.translated(), Session(self._writer) as session, session.begin():
                    return work(session)
            except sql.IntegrityError as error:
                if not _lost_a_race(error):
                    raise SpecError(
                        "the catalog refused a record", where=self.where, received=_reason(error)
                    ) from error
        raise TransientError("too many processes write the catalog at once", where=self.where)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn failures of the database's surroundings into `TransientError`."""
        try:
            yield
        except _DISCONNECTED as error:
            if distrusted(error):
                raise _untrusted(error, self.where) from error
            raise TransientError(
                "the catalog cannot be reached or is locked",
                where=self.where,
                received=_reason(error),
                remedy="It is tried again; check that the database runs and has space.",
            ) from error
        except sql.DBAPIError as error:
            if error.connection_invalidated:
                raise TransientError(
                    "the catalog closed the connection", where=self.where, received=_reason(error)
                ) from error
            if type(error) is sql.DatabaseError:
                raise SpecError(
                    "not a usable database", where=self.where, received=_reason(error)
                ) from error
            raise

    def close(self) -> None:
        """Close the pooled connections; the database can be used again afterwards."""
        self.engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (sql.ArgumentError, ValueError) as error:
        raise SpecError(
            "not a database URL",
            where="MILLRACE_CATALOG",
            expected="sqlite:////folder/file or postgresql+psycopg2://user@host/database",
            remedy="Characters such as @ and / in a password are written %40 and %2F.",
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise SpecError(
            "a catalog in memory is lost between tasks",
            where="MILLRACE_CATALOG",
            expected="sqlite:////folder/file",
            received=url,
        )
    plain = parsed.drivername in ("postgres", "postgresql")
    return parsed.set(drivername="postgresql+psycopg2") if plain else parsed


def _create_engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"pool_pre_ping": True, "pool_size": 2}
    if sqlite:
        timeout = {} if "timeout" in url.query else {"timeout": BUSY_TIMEOUT}
        options = {"poolclass": NullPool, "connect_args": timeout}
    elif url.get_backend_name() == "postgresql":
        options["connect_args"] = {"connect_timeout": _CONNECT_TIMEOUT}
    try:
        engine = create_engine(url, json_serializer=dump_document, **options)
    except (sql.ArgumentError, ImportError) as error:
        raise SpecError(
            "no driver for the database",
            where=url.render_as_string(hide_password=True),
            received=error,
            remedy="Install its extra, e.g. `pip install millrace[postgres]`.",
        ) from error
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin_sqlite` does
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _lost_a_race(error: sql.IntegrityError) -> bool:
    """Whether a unique constraint failed: only then another process can have been faster."""
    if isinstance(error.orig, sqlite3.IntegrityError):
        return error.orig.sqlite_errorcode in (
            sqlite3.SQLITE_CONSTRAINT_UNIQUE,
            sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        )
    return getattr(error.orig, "pgcode", None) == "23505"  # unique_violation


def _untrusted(error: Exception, where: str) -> SpecError:
    return SpecError(
        "the database's certificate cannot be trusted",
        where=where,
        expected="TLS with a certificate that the root certificate vouches for",
        received=_reason(error),
        remedy="Correct sslmode and sslrootcert in MILLRACE_CATALOG, or PGSSLROOTCERT.",
    )


def _reason(error: Exception) -> str:
    """Return the driver's own words: SQLAlchemy's carry the statement and its values."""
    return shorten(str(getattr(error, "orig", None) or error).strip())
