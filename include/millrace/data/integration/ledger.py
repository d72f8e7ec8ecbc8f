"""`Ledger`: the small columns of all records, in tables on disk that are asked in SQL.

Memory is bounded, however many records there are. One thread, and every answer says its order, so
equal tables give equal answers. Pictures never enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa

from millrace.artifacts.failures import disk_failure

_MEMORY = "160MB"
_ROWS = 8_192  # of an answer that are taken at once


class Ledger:
    """A database in a scratch folder, gone with it.

    Args:
        folder: where its files lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        settings: dict[str, Any] = {
            "memory_limit": _MEMORY,
            "threads": 1,
            "temp_directory": str(folder / "ledger.tmp"),
            "fsync_mode": "NONE",  # nothing here outlives the process
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with self._disk():
            self._database = duckdb.connect(str(folder / "ledger.duckdb"), config=settings)
            self._database.execute("PRAGMA disable_checkpoint_on_shutdown")

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._database.close()

    def load(self, name: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
        """Make the table `name` of Arrow tables, which are taken one at a time."""
        incoming = _Incoming(schema, tables)
        try:
            self._with(incoming.reader(), f"CREATE TABLE {name} AS FROM incoming")
        except duckdb.Error:
            if incoming.failure is not None:
                raise incoming.failure from None
            raise

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to the table `name`."""
        self._with(rows.to_reader(), f"INSERT INTO {name} FROM incoming")

    def run(self, statement: str, **values: object) -> None:
        """Execute a statement with its ``$values``."""
        with self._disk():
            self._database.execute(statement, values or None)

    def rows(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        """Return an answer of few rows."""
        with self._disk():
            return self._database.execute(question, values or None).fetchall()

    def answer(self, question: str, **values: object) -> Iterator[pa.Table]:
        """Yield the parts of an answer of any length; others may be asked meanwhile."""
        with self._disk(), self._database.cursor() as cursor:
            for batch in cursor.sql(question, params=values or None).to_arrow_reader(_ROWS):
                yield pa.Table.from_batches([batch])

    def _with(self, incoming: pa.RecordBatchReader, statement: str) -> None:
        self._database.register("incoming", incoming)
        self.run(statement)
        self._database.unregister("incoming")

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.IOException, OSError) as error:
            raise disk_failure(error, self._folder) from error


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
