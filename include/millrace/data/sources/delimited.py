"""`DelimitedReader`: text tables with a text, or a record of a table, a row.

A bad row is a record that says why. A record's position is the number of its row, from 0; its
origin counts the header, too, so that it is the line where no field holds a line break.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.data.sources.charset import Charset
from millrace.data.sources.delimited_dialect import TableDialect, find_table
from millrace.data.sources.delimited_fields import records
from millrace.data.sources.lines import first_byte, head_of, lines, text_file
from millrace.data.sources.partition import Partition
from millrace.data.sources.record_file import RecordFileReader

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

_SEEN = 2_000  # lines that the dialect is told from
_SEEN_BYTES = 256 << 10


class DelimitedReader(RecordFileReader):
    """Reads one table; see `millrace.workflow.text_sources.DelimitedSource`."""

    @cached_property
    def _path(self) -> Path:
        return text_file(self._file, self._document["encoding"])

    @cached_property
    def _start(self) -> int | None:
        if not self._head:
            return None
        with closing(self._records(first_byte(self._path))) as found:
            return next((at for at, _ in islice(found, self._dialect.skipped, None)), None)

    @cached_property
    def _rules(self) -> Any:
        return self._dialect.to_document()

    def _records(self, offset: int) -> Generator[tuple[int, bytes]]:
        found = lines(self._path, offset, self._where)
        return records(found, self._dialect.delimiter, quoted=self._dialect.quoted)

    def _tables(self, partition: Partition, records: Iterator[bytes]) -> Iterator[pa.Table]:
        from millrace.data.sources.bounded import bounded
        from millrace.data.sources.contents import content_table
        from millrace.data.sources.delimited_rows import RowReader

        charset = Charset.of_lines(self._document["encoding"])
        read = RowReader(self._dialect, charset)
        start = partition.start
        for batch in bounded(map(read, records), lambda content: content.size):
            first = start + self._dialect.skipped + 1
            yield content_table(partition, start, batch, self._file.name, first)
            start += len(batch)
        if charset.fallbacks:
            log.warning(
                "%s, partition %d: %d of %d rows are not UTF-8 and were read as Windows-1252",
                *(self._where, partition.index, charset.fallbacks, start - partition.start),
            )

    @cached_property
    def _head(self) -> list[bytes]:
        """The first lines."""
        with closing(lines(self._path, first_byte(self._path), self._where)) as found:
            return [line for _, line in head_of(found, _SEEN, _SEEN_BYTES)]

    @cached_property
    def _dialect(self) -> TableDialect:
        return find_table(self._head, self._document, self._where)
