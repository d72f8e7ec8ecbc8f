"""`Ledger`: the small columns of all records, in tables on disk that are asked in SQL.

Memory is bounded, however many records there are: beyond a limit, tables lie on disk. A statement
that the limit does not let through is tried again with twice as much, up to half of the machine's
memory. One thread, and every answer says its order, so equal tables give equal answers. Pictures
never enter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from millrace.artifacts.failures import disk_failure
from millrace.data.integration.memory import machine_memory
from millrace.errors import DataError

_MEMORY = 48_000_000  # bytes
_SHORT = "SET memory_limit"  # what DuckDB advises where memory ran out, in errors of any type
_ROWS = 8_192  # of an answer that are taken at once

Result = TypeVar("Result")
Values = dict[str, object]


class Ledger:
    """A database in a scratch folder, gone with it.

    Args:
        folder: where its files lie.
        memory: bytes to begin with.
        most: bytes it may grow to, by default half of the machine's memory.
    """

    def __init__(self, folder: Path, *, memory: int = _MEMORY, most: int | None = None) -> None:
        self._folder, self.memory = folder, memory
        self._most = machine_memory() // 2 if most is None else most
        settings: dict[str, Any] = {
            "memory_limit": f"{memory}B",
            "threads": 1,
            "temp_directory": str(folder / "ledger.tmp"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with self._disk():
            self._database = duckdb.connect(":memory:", config=settings)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._database.close()

    def load(self, name: str, schema: pa.Schema, tables: Callable[[], Iterable[pa.Table]]) -> None:
        """Make the table `name` of Arrow tables, which are taken one at a time.

        Args:
            tables: gives them, and the same ones when called again.
        """

        def loaded() -> None:
            incoming = _Incoming(schema, tables())
            try:
                self._with(incoming.reader(), f"CREATE TABLE {name} AS FROM incoming")
            except Exception:
                if incoming.failure is not None:
                    raise incoming.failure from None
                raise

        self._done(loaded)

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to the table `name`."""
        self._done(lambda: self._with(rows.to_reader(), f"INSERT INTO {name} FROM incoming"))

    def run(self, statement: str, **values: object) -> None:
        """Execute a statement with its ``$values``."""
        self._done(lambda: self._execute(statement, values))

    def rows(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        """Return an answer of few rows."""
        return self._done(lambda: self._execute(question, values).fetchall())

    def answer(self, question: str, **values: object) -> Iterator[pa.Table]:
        """Yield the parts of an answer of any length; others may be asked meanwhile."""
        given = 0
        while True:
            try:
                for part in self._parts(question, values, given):
                    given += part.num_rows
                    yield part
            except _OutOfMemoryError as error:
                self._grow(error)
            else:
                return

    def _parts(self, question: str, values: Values, given: int) -> Iterator[pa.Table]:
        """Yield an answer but for the first rows, which were given before."""
        with self._disk(), self._database.cursor() as cursor:
            for batch in cursor.sql(question, params=values or None).to_arrow_reader(_ROWS):
                if batch.num_rows > given:
                    yield pa.Table.from_batches([batch.slice(given)])
                given = max(given - batch.num_rows, 0)

    def _with(self, incoming: pa.RecordBatchReader, statement: str) -> None:
        self._database.register("incoming", incoming)
        self._execute(statement, {})
        self._database.unregister("incoming")

    def _execute(self, statement: str, values: Values) -> duckdb.DuckDBPyConnection:
        with self._disk():
            return self._database.execute(statement, values or None)

    def _done(self, step: Callable[[], Result]) -> Result:
        """Take a step, again with more memory where there was too little."""
        while True:
            try:
                return step()
            except _OutOfMemoryError as error:
                self._grow(error)

    def _grow(self, error: _OutOfMemoryError) -> None:
        if self.memory >= self._most:
            raise DataError(
                "the records are too many for the memory",
                where="integrate",
                expected=f"work on them within {self._most / 1e6:,.0f} MB, half of the memory",
                received=str(error).partition("\n")[0],
                remedy="Run this step on a machine with more memory, or see that the temporary "
                "folder has room.",
            ) from error
        self.memory = min(2 * self.memory, self._most)
        self._database.execute(f"SET memory_limit = '{self.memory}B'")

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.Error, OSError) as error:
            if _SHORT in str(error):
                raise _OutOfMemoryError(error) from error
            if not isinstance(error, duckdb.IOException | OSError):
                raise
            raise disk_failure(error, self._folder) from error


class _OutOfMemoryError(Exception):
    """A statement needs more memory than the database may use; never leaves this module."""


class _Incoming:
    """Tables on their way into the database, which hides why they could not be made."""

    def __init__(self, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        self._schema = schema
        self._tables = tables
        self.failure: Exception | None = None

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for table in self._tables:
                yield from table.select(self._schema.names).cast(self._schema).to_batches()
        except Exception as error:
            self.failure = error
            raise
