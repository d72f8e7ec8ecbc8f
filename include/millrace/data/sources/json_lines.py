"""`JsonLinesReader`: a JSON object a line: a text, or a record of a table.

A bad line is a record that says why. A record's position is the number of its line, from 0.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.data.sources.json_objects import find, parse
from millrace.data.sources.lines import first_byte, lines, text_file
from millrace.data.sources.partition import Partition
from millrace.data.sources.record_file import RecordFileReader
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SEEN = 20  # lines that are looked at for the fields
_SHOWN = 12  # fields in an error


class JsonLinesReader(RecordFileReader):
    """Reads one file; see `millrace.workflow.text_sources.JsonLinesSource`."""

    @cached_property
    def _path(self) -> Path:
        return text_file(self._file)

    @cached_property
    def _start(self) -> int | None:
        start = first_byte(self._path)
        with closing(self._records(start)) as found:
            head = [line for _, line in islice(found, _SEEN)]
        if not head:
            return None
        self._check(head)
        return start

    @property
    def _rules(self) -> Any:
        return None

    def _records(self, offset: int) -> Generator[tuple[int, bytes]]:
        return lines(self._path, offset, self._where)

    def _tables(self, partition: Partition, records: Iterator[bytes]) -> Iterator[pa.Table]:
        from millrace.data.sources.bounded import bounded
        from millrace.data.sources.contents import content_table
        from millrace.data.sources.json_lines_rows import ObjectReader

        read = ObjectReader(self._document)
        start = partition.start
        for batch in bounded(map(read, records), lambda content: content.size):
            yield content_table(partition, start, batch, self._file.name, start + 1)
            start += len(batch)

    def _check(self, head: list[bytes]) -> None:
        """Raise `DataError` where the first lines are no objects, or none has a wanted field."""
        objects = [found for line in head if isinstance(found := _object(line), dict)]
        if not objects:
            raise DataError(
                "not a file of JSON lines",
                where=self._where,
                expected="a JSON object on each line, in UTF-8",
                received=head[0][:60],
                remedy="Check the source's kind and URI; write a JSON array with an object a line.",
            )
        for field in ("text", "label", "group"):
            path = self._document[field]
            if path is not None and not any(find(record, path)[0] for record in objects):
                names = list(dict.fromkeys(name for record in objects for name in record))
                raise DataError(
                    "a field is missing",
                    where=f"{self._where}, {field}",
                    expected=", ".join(name[:40] for name in names[:_SHOWN]),
                    received=path,
                    remedy=f"Correct `{field}` in the source, or get a file with that field.",
                )


def _object(line: bytes) -> Any:
    try:
        return parse(line)
    except ValueError:
        return None
