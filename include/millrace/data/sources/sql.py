"""`SqlReader`: the rows of a query, as texts or as records of a table. Only reads the database.

Rows are ordered by their key, which names their records, and cut by it as files are by their
names: rows that come later make new partitions only. A partition's fingerprint is the digest of its
rows, so every discovery reads the query's result once.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_cut import cut_by_content
from millrace.data.sources.listing_names import record_name
from millrace.data.sources.partition import Partition
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.sql_query import Query, Row


class SqlReader:
    """Reads one query; see `millrace.workflow.text_sources.SqlSource`."""

    places: ClassVar[tuple[str, ...]] = ()
    hidden: ClassVar[tuple[str, ...]] = ("uri", "connection")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]

    def partitions(self) -> list[Partition]:
        """List the partitions; reads all rows."""
        entries = (self._entry(row) for row in self._query.rows())
        return [
            Partition(
                source=self._name,
                index=index,
                start=0,
                stop=len(run),
                fingerprint=self._fingerprint(run),
                member=run[0].place,
            )
            for index, run in enumerate(cut_by_content(entries, self._rows))
        ]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.bounded import bounded
        from millrace.data.sources.contents import named_table
        from millrace.data.sources.sql_rows import content_of

        rows: list[Row] = []
        with closing(self._entries(partition, rows)) as found:
            run = next(cut_by_content(found, self._rows), [])
        partition.check_unchanged(self._fingerprint(run))
        start = 0
        wanted = zip(run[: partition.rows], rows, strict=False)
        for batch in bounded(wanted, lambda pair: pair[0].size):
            names = [entry.name for entry, _ in batch]
            origins = [f"{self._name}#{name}" for name in names]
            contents = [content_of(self._document, self._query.columns, row) for _, row in batch]
            yield named_table(partition, start, names, origins, contents)
            start += len(batch)

    @cached_property
    def _query(self) -> Query:
        from millrace.data.sources.sql_query import Query

        return Query(self._document)

    def _entries(self, partition: Partition, rows: list[Row]) -> Generator[Entry]:
        """Yield a partition's rows, and what follows them, keeping each in `rows`."""
        first = json.loads(partition.member or "null")
        for row in self._query.rows(first):
            rows.append(row)
            yield self._entry(row)

    def _entry(self, row: Row) -> Entry:
        key = row[self._query.key]
        said = repr(row).encode("utf-8", "surrogatepass")
        name = f"{key:09d}" if isinstance(key, int) else record_name(key)
        return Entry(name, json.dumps(key), len(said), blake2b(said, digest_size=16).hexdigest())

    def _fingerprint(self, run: list[Entry]) -> str:
        if not run:
            raise DataError(
                "the rows of a partition are gone",
                where=f"source {self._name}",
                remedy="Start a new run, which asks the database again.",
            )
        return digest_value([self._query.columns, [[e.name, e.version] for e in run]])
