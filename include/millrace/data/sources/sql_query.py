"""`Query`: a query's rows in the order of their key, streamed, within one read-only transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, text

from millrace.data.sources.sql_database import open_engine, place_of
from millrace.data.sources.sql_errors import database_failures
from millrace.errors import DataError

Row = Sequence[Any]

_AT_ONCE = 1_000  # rows that a driver holds, at most
_SHOWN = 12  # names of columns in an error


class Query:
    """Asks one database.

    Args:
        document: values of `SqlSource`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._query = str(document["query"]).strip().rstrip(";")
        self._engine: Engine = open_engine(document)
        self._where = f"source {document['name']}: {place_of(self._engine)}"

    @cached_property
    def columns(self) -> list[str]:
        """Names of the result's columns.

        Raises:
            DataError: two have one name, or one that the spec names is missing.
            SpecError, TransientError: see `database_failures`.
        """
        with self._connected() as connection:
            names = list(connection.execute(text(f"{self._selection} WHERE 1 = 0")).keys())
        self._check(names)
        return names

    @cached_property
    def key(self) -> int:
        """Position of the key's column."""
        return self.columns.index(self._document["key"])

    def rows(self, first: int | str | None = None) -> Iterator[Row]:
        """Yield the rows in the order of their keys, from the key `first` on.

        Raises:
            DataError: a key is missing, of another type, or in two rows; the query fails.
            SpecError, TransientError: see `database_failures`.
        """
        position = self.key
        name = self._engine.dialect.identifier_preparer.quote_identifier(self._document["key"])
        begin = "" if first is None else f" WHERE {name} >= :first"
        statement = text(f"{self._selection}{begin} ORDER BY {name}")
        before: Any = None
        with self._connected() as connection:
            values = {} if first is None else {"first": first}
            for row in connection.execute(statement, values).yield_per(_AT_ONCE):
                self._check_key(row[position], before)
                before = row[position]
                yield tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)

    @property
    def _selection(self) -> str:
        query = self._query.replace(":", "\\:")  # SQLAlchemy's sign of a parameter
        return f"SELECT * FROM (\n{query}\n) AS millrace_rows"  # noqa: S608 (the user's own)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with database_failures(self._engine, self._where), self._engine.connect() as connection:
            yield connection

    def _check(self, names: Sequence[str]) -> None:
        spans = range(1, len(names))
        renamed = {f"{name}:{number}": name for name in names for number in spans}  # SQLite's way
        twice = [renamed.get(n, n) for n in names if names.count(n) > 1 or n in renamed]
        if twice:
            raise DataError(
                "two columns of a query have one name",
                where=self._where,
                expected="a name of its own for each column",
                received=twice[0],
                remedy="Name the columns in the query, such as `SELECT a.id AS order_id`.",
            )
        for field in ("key", "text", "label", "group"):
            name = self._document[field]
            if name is not None and name not in names:
                raise DataError(
                    "a column is missing",
                    where=f"{self._where}, {field}",
                    expected=f"one of {', '.join(names[:_SHOWN])}",
                    received=name,
                    remedy=f"Correct `{field}` or `query` in the source.",
                )

    def _check_key(self, key: Any, before: Any) -> None:
        problem = None
        if isinstance(key, bool) or not isinstance(key, int | str):
            problem = "a key is neither a whole number nor a text"
        elif before is not None and type(key) is not type(before):
            problem = "keys are of two types"
        elif key == before:
            problem = "two rows of a query have one key"
        if problem is not None:
            raise DataError(
                problem,
                where=f"{self._where}, key {self._document['key']}",
                expected="whole numbers or texts, each once",
                received=key,
                remedy="Choose another `key`, or cast it in the query.",
            )
