"""`RecordFileReader`: what sources have in common that are one file of records, one by one.

A file that grows by appending yields new partitions only: a partition's fingerprint is the digest
of its own records. A record's position is its number in the file, from 0.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import open_source
from millrace.data.sources.lines import Span, spans
from millrace.data.sources.partition import Partition
from millrace.data.sources.remembered import remembered

if TYPE_CHECKING:
    import pyarrow as pa


class RecordFileReader(ABC):
    """Reads one file.

    Args:
        document: values of the source's spec, with `uri` and `sha256`.
    """

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._file = open_source(document["uri"], document["sha256"])

    def partitions(self) -> list[Partition]:
        """List the partitions; reads the whole file to count its records and digest them."""
        start = self._start
        if start is None:
            return []
        asked = [type(self).__name__, self._rules, start, self._rows]
        found = remembered(self._path, asked, lambda: spans(self._records(start), self._rows))
        return [self._partition(number, Span(*span)) for number, span in enumerate(found)]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        self._file.verify()
        digest = sha256()
        with closing(self._records(partition.offset)) as found:
            records = _digested(islice(found, self._rows), digest)
            yield from self._tables(partition, islice(records, partition.rows))
            for _ in records:
                pass
        partition.check_unchanged(self._fingerprint(digest.hexdigest()))

    @property
    @abstractmethod
    def _path(self) -> Path:
        """The file that records are read from, as it is or as it was made from the source's."""

    @property
    @abstractmethod
    def _start(self) -> int | None:
        """The byte at which the first record begins; None where there is no record."""

    @property
    @abstractmethod
    def _rules(self) -> Any:
        """What the file tells of how its records are read, as JSON values."""

    @abstractmethod
    def _records(self, offset: int) -> Generator[tuple[int, bytes]]:
        """Yield records with the byte at which each begins, from the one at `offset` on."""

    @abstractmethod
    def _tables(self, partition: Partition, records: Iterator[bytes]) -> Iterator[pa.Table]:
        """Yield a partition's records, as they are in the file, as RAW tables."""

    @cached_property
    def _where(self) -> str:
        """What errors call the file."""
        return f"source {self._name}: {self._file.name}"

    def _partition(self, number: int, span: Span) -> Partition:
        start = number * self._rows
        fingerprint = self._fingerprint(span.digest)
        return Partition(
            self._name, number, start, start + span.rows, fingerprint, offset=span.offset
        )

    def _fingerprint(self, digest: str) -> str:
        return digest_value({"rules": self._rules, "records": digest})


def _digested(found: Iterable[tuple[int, bytes]], digest: Any) -> Iterator[bytes]:
    """Yield records, adding each to the digest."""
    for _, record in found:
        digest.update(record + b"\n")
        yield record
