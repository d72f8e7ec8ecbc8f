"""`ImageCsvReader`: text tables with one picture a row. A bad row is a record that says why.

A table that grows by appending yields new partitions only: a partition's fingerprint is the digest
of its own rows. A record's position is the number of its row, from 0; its origin the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import open_source
from millrace.data.sources.image_csv_dialect import Dialect, find_dialect
from millrace.data.sources.image_csv_lines import Span, first_byte, rows, spans, text_file
from millrace.data.sources.partition import Partition
from millrace.data.sources.remembered import remembered

if TYPE_CHECKING:
    import pyarrow as pa

_SEEN = 20  # rows that the dialect is told from
_SEEN_BYTES = 4 << 20


class ImageCsvReader:
    """Reads one table."""

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._file = open_source(document["uri"], document["sha256"])

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the whole text to count its lines and digest them."""
        start = self._start
        if start is None:
            return []
        found = remembered(self._text, ["csv", start, self._rows], lambda: self._spans(start))
        return [self._partition(number, Span(*span)) for number, span in enumerate(found)]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.image_csv_rows import RowParser, blocks

        self._file.verify()
        parser = RowParser(
            self._dialect,
            self._document["maximum"],
            planar=self._document["layout"] == "planar",
        )
        digest = sha256()
        start = partition.start
        with closing(rows(self._text, partition.offset, self._file.name)) as found:
            lines = _digested(islice(found, self._rows), digest)
            for block in blocks(islice(lines, partition.rows), len(self._dialect.pixels)):
                parsed = parser(block)
                yield self._table(partition, start, block, parsed, parser.images(parsed))
                start += len(block)
            for _ in lines:
                pass
        partition.check_unchanged(self._fingerprint(digest.hexdigest()))

    @cached_property
    def _text(self) -> Path:
        return text_file(self._file)

    @cached_property
    def _head(self) -> list[tuple[int, bytes]]:
        """The first rows with the bytes at which they begin."""
        head, size = [], 0
        with closing(rows(self._text, first_byte(self._text), self._file.name)) as found:
            for offset, row in islice(found, _SEEN):
                head.append((offset, row))
                size += len(row)
                if size > _SEEN_BYTES and len(head) > 1:
                    break
        return head

    @cached_property
    def _dialect(self) -> Dialect:
        lines = [row for _, row in self._head]
        return find_dialect(lines, self._document, f"source {self._name}: {self._file.name}")

    @property
    def _start(self) -> int | None:
        """The byte at which the first row of data begins; None where there is no row."""
        if not self._head:
            return None
        skipped = self._dialect.skipped
        return self._head[skipped][0] if len(self._head) > skipped else None

    def _spans(self, start: int) -> list[Span]:
        return spans(self._text, start, self._rows, self._file.name)

    def _partition(self, number: int, span: Span) -> Partition:
        start = number * self._rows
        fingerprint = self._fingerprint(span.digest)
        return Partition(
            self._name, number, start, start + span.rows, fingerprint, offset=span.offset
        )

    def _fingerprint(self, digest: str) -> str:
        return digest_value({"columns": self._dialect.to_document(), "rows": digest})

    def _table(
        self, partition: Partition, start: int, block: list[bytes], parsed: Any, images: Any
    ) -> pa.Table:
        from millrace.data.sources.pixel_values import with_unreadable
        from millrace.data.sources.raw import pixel_table, with_origins

        table = pixel_table(partition, start, images, parsed.labels, self._file.name)
        contents = {place: block[place] for place in parsed.reasons}
        table = with_origins(table, self._file.name, start + self._dialect.skipped + 1)
        return with_unreadable(table, parsed.reasons, contents)


def _digested(found: Iterable[tuple[int, bytes]], digest: Any) -> Iterator[bytes]:
    """Yield rows, adding each to the digest."""
    for _, row in found:
        digest.update(row + b"\n")
        yield row
