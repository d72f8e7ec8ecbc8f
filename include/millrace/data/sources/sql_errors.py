"""`database_failures`: what a database that is read raises, as errors of ours without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from millrace.errors import DataError, MillraceError, SpecError, TransientError, distrusted

_MAY_PASS = ("08", "40", "53", "55", "57")  # classes of SQLSTATE: connection, rollback, resources
_REFUSED = ("28", "3D")  # authorization, no such database
_WRONG = ("42",)  # syntax, names, rights
_LOCKED = re.compile(r"database (table )?is locked|busy|disk I/O error", re.IGNORECASE)
_NO_SUCH = re.compile(r"no such (column|table|function)|syntax error|ambiguous|incomplete input")
_DENIED = re.compile(r"authentication failed|no password supplied|does not exist", re.IGNORECASE)


@contextmanager
def database_failures(engine: Engine, where: str) -> Iterator[None]:
    """Raise what a database does in this block as one of our errors.

    Raises:
        SpecError: the query is wrong, or the server's certificate cannot be trusted.
        DataError: the database does not let it be read, or a row makes the query fail.
        TransientError: it does not answer, or stopped doing so; a retry may help.
    """
    try:
        yield
    except MillraceError:
        raise
    except DBAPIError as error:
        raise _failure(error, where, _said(error, engine)) from None
    except SQLAlchemyError as error:
        raise DataError(
            "a source's query cannot be read", where=where, received=type(error).__name__
        ) from None


def _failure(error: DBAPIError, where: str, said: str) -> MillraceError:
    state = str(getattr(error.orig, "pgcode", None) or "")
    connecting = not state and type(error.orig).__module__.startswith("psycopg2")
    if state.startswith(_REFUSED) or (connecting and _DENIED.search(said)):
        return DataError(
            "a source's database may not be read",
            where=where,
            received=said,
            remedy="Check the database's name and the credentials of the source.",
        )
    if connecting and distrusted(error):
        return SpecError(
            "the certificate of a source's database cannot be trusted",
            where=where,
            received=said,
            remedy="Correct sslmode and sslrootcert in the source's URL, or PGSSLROOTCERT.",
        )
    passing = error.connection_invalidated or connecting or state.startswith(_MAY_PASS)
    if passing or (not state and _LOCKED.search(said)):
        return TransientError("a source's database does not answer", where=where, received=said)
    if state.startswith(_WRONG) or _NO_SUCH.search(said):
        return SpecError(
            "a source's query is wrong",
            where=where,
            received=said,
            remedy="Try the query by itself; it must be one SELECT.",
        )
    return DataError(
        "a source's query fails",
        where=where,
        received=said,
        remedy="Correct the rows that it fails on, or the query.",
    )


def _said(error: DBAPIError, engine: Engine) -> str:
    """Return the driver's first line: the rest repeats the statement and its values."""
    said = str(error.orig).strip().split("\n", 1)[0]
    password = engine.url.password
    return said.replace(str(password), "…") if password else said
