"""`open_engine`: the database of a `sql` source. Nothing that it reads from is ever written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from json import JSONDecodeError
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from millrace.data.sources.files import local_path
from millrace.data.sources.sql_connection import connection_url
from millrace.errors import DataError, SpecError

_DRIVERS = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
}
_PATIENCE = 15  # seconds until a server must have answered


def open_engine(document: Mapping[str, Any]) -> Engine:
    """Return the engine of a source's database; nothing is connected yet.

    Raises:
        DataError: an SQLite file does not exist.
        SpecError: the URL is none, its driver is not installed, or the connection is not known.
    """
    where = f"source {document['name']}"
    try:
        url = _url(document, where)
        if url.get_backend_name() == "sqlite":
            return create_engine("sqlite://", creator=_reader(url, where), poolclass=NullPool)
        return create_engine(url, poolclass=NullPool, **_options(url))
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:  # may quote a URL
        raise SpecError(
            "a source's database cannot be used",
            where=where if document["uri"] else f"{where}, connection {document['connection']}",
            expected="postgresql://<user>:<password>@<host>/<database> or sqlite:///<file>",
            received=_said(error),
            remedy="Check the URL, and that the database's driver is installed; "
            "PostgreSQL needs `pip install millrace[postgres]`.",
        ) from None


def _said(error: Exception) -> str:
    """Return what an error says that may quote a URL with its password."""
    if isinstance(error, ImportError):
        return f"no module {error.name}"
    if isinstance(error, NoSuchModuleError):
        return "a kind of database that is not known"
    return "no JSON" if isinstance(error, JSONDecodeError) else "no such URL"


def place_of(engine: Engine) -> str:
    """Return what errors call a database: without user, password and options."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        return "SQLite"
    return f"{url.get_backend_name()} database {url.database} on {url.host or 'this machine'}"


def _url(document: Mapping[str, Any], where: str) -> URL:
    if document["uri"] is None:
        url = connection_url(document["connection"], where)
    else:
        url = make_url(document["uri"])
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() != "postgresql":
        return {}
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return {
        "connect_args": {"connect_timeout": _PATIENCE},
        "execution_options": {**options, "stream_results": True, "max_row_buffer": 1_000},
    }


def _reader(url: URL, where: str) -> Callable[[], sqlite3.Connection]:
    """Return what opens an SQLite file for reading; it is not made where it is not there."""
    path = local_path(url.database or "")
    if not (url.database and path.is_file()):
        raise DataError(
            "a source's database does not exist",
            where=f"{where}: {url.database or 'a database in memory'}",
            expected="an SQLite file",
            remedy="Check the path: `sqlite:///data/shop.db` is in the project, "
            "`sqlite:////data/shop.db` is absolute.",
        )
    uri = f"file:{quote(str(path))}?mode=ro"

    def connect() -> sqlite3.Connection:
        made = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, check_same_thread=False)
        made.text_factory = _text
        return made

    return connect


def _text(data: bytes) -> str | bytes:
    """Return a text of SQLite's as it is where it is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
