"""`Spill`: tables set aside on disk, uncompressed, and read back without being loaded at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa


class Spill:
    """A scratch file of tables of one schema, in the order they were appended."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_stream(self._sink, schema)
        self.rows = 0

    def append(self, table: pa.Table) -> None:
        """Set a table aside; its columns are cast to the schema."""
        if table.num_rows:
            self._writer.write_table(table.cast(self._schema))
            self.rows += table.num_rows

    def close(self) -> None:
        """End the writing."""
        if not self._sink.closed:
            self._writer.close()
            self._sink.close()

    def tables(self) -> Iterator[pa.Table]:
        """Yield the tables; ends the writing."""
        self.close()
        with pa.OSFile(str(self._path)) as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
