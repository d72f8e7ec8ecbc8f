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

_MEMORY = "96MB"
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
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with self._disk():
            self._database = duckdb.connect(str(folder / "ledger.duckdb"), config=settings)

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
        self._with(schema.empty_table(), f"CREATE TABLE {name} AS FROM incoming")
        self._database.begin()
        for table in tables:
            self.add(name, table.select(schema.names))
        with self._disk():
            self._database.commit()

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to the table `name`."""
        self._with(rows, f"INSERT INTO {name} FROM incoming")

    def run(self, statement: str, **values: object) -> None:
        """Execute a statement with its ``$values``."""
        with self._disk():
            self._database.execute(statement, values or None)

    def rows(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        """Return an answer of few rows."""
        with self._disk():
            return self._database.execute(question, values or None).fetchall()

    def answer(self, question: str, **values: object) -> Answer:
        """Return an answer of any length, to be taken in parts; others may be asked meanwhile."""
        with self._disk():
            relation = self._database.cursor().sql(question, params=values or None)
            return Answer(self._parts(relation.to_arrow_reader(_ROWS)))

    def _with(self, incoming: pa.Table, statement: str) -> None:
        self._database.register("incoming", incoming)
        self.run(statement)
        self._database.unregister("incoming")

    def _parts(self, reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
        with self._disk():
            for batch in reader:
                yield pa.Table.from_batches([batch])

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (duckdb.IOException, OSError) as error:
            raise disk_failure(error, self._folder) from error


class Answer:
    """The rows of an answer, in order."""

    def __init__(self, parts: Iterator[pa.Table]) -> None:
        self._parts = parts
        self._left: pa.Table | None = None

    def __iter__(self) -> Iterator[pa.Table]:
        """Yield what is left, a part at a time."""
        if self._left is not None:
            yield self._left
        yield from self._parts

    def take(self, rows: int) -> pa.Table:
        """Return the next `rows` rows; fewer only at the end."""
        taken = [] if self._left is None else [self._left]
        count = sum(part.num_rows for part in taken)
        while count < rows and (part := next(self._parts, None)) is not None:
            taken.append(part)
            count += part.num_rows
        joined = pa.concat_tables(taken)
        self._left = joined.slice(rows)
        return joined.slice(0, rows)
