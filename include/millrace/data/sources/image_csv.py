"""`ImageCsvReader`: text tables with one picture a row. A bad row is a record that says why.

A row is a line: a line break inside quotes ends a row. A record's position is the number of its
row, from 0; its origin the line.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.data.sources.image_csv_dialect import Dialect, find_dialect
from millrace.data.sources.lines import first_byte, head_of, lines, text_file
from millrace.data.sources.partition import Partition
from millrace.data.sources.record_file import RecordFileReader

if TYPE_CHECKING:
    import pyarrow as pa

_SEEN = 20  # rows that the dialect is told from
_SEEN_BYTES = 4 << 20


class ImageCsvReader(RecordFileReader):
    """Reads one table; see `millrace.workflow.array_sources.ImageCsvSource`."""

    @cached_property
    def _path(self) -> Path:
        return text_file(self._file)

    @property
    def _start(self) -> int | None:
        if not self._head:
            return None
        skipped = self._dialect.skipped
        return self._head[skipped][0] if len(self._head) > skipped else None

    @property
    def _rules(self) -> Any:
        return self._dialect.to_document()

    def _records(self, offset: int) -> Generator[tuple[int, bytes]]:
        return lines(self._path, offset, self._file.name)

    def _tables(self, partition: Partition, records: Iterator[bytes]) -> Iterator[pa.Table]:
        from millrace.data.sources.image_csv_rows import RowParser, blocks

        parser = RowParser(
            self._dialect,
            self._document["maximum"],
            planar=self._document["layout"] == "planar",
        )
        start = partition.start
        for block in blocks(records, len(self._dialect.pixels)):
            parsed = parser(block)
            yield self._table(partition, start, block, parsed, parser.images(parsed))
            start += len(block)

    @cached_property
    def _head(self) -> list[tuple[int, bytes]]:
        """The first rows with the bytes at which they begin."""
        with closing(self._records(first_byte(self._path))) as found:
            return head_of(found, _SEEN, _SEEN_BYTES)

    @cached_property
    def _dialect(self) -> Dialect:
        return find_dialect([row for _, row in self._head], self._document, self._where)

    def _table(
        self, partition: Partition, start: int, block: list[bytes], parsed: Any, images: Any
    ) -> pa.Table:
        from millrace.data.sources.pixel_values import with_unreadable
        from millrace.data.sources.raw import pixel_table, with_origins

        table = pixel_table(partition, start, images, parsed.labels, self._file.name)
        contents = {place: block[place] for place in parsed.reasons}
        table = with_origins(table, self._file.name, start + self._dialect.skipped + 1)
        return with_unreadable(table, parsed.reasons, contents)
