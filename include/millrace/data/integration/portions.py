"""`Portions`: tables in a row, handed out in portions of any size."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


class Portions:
    """The rows of some tables, in order.

    Args:
        parts: the tables; taken one at a time.
    """

    def __init__(self, parts: Iterator[pa.Table]) -> None:
        self._parts = parts
        self._left: pa.Table | None = None

    def take(self, rows: int) -> pa.Table:
        """Return the next `rows` rows; fewer only at the end. There is at least one table."""
        taken = [] if self._left is None else [self._left]
        count = sum(part.num_rows for part in taken)
        while count < rows and (part := next(self._parts, None)) is not None:
            taken.append(part)
            count += part.num_rows
        joined = pa.concat_tables(taken)
        self._left = joined.slice(rows)
        return joined.slice(0, rows)
