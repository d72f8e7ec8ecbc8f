"""`PrivateReader`: what another reader reads, de-identified in memory before it goes on.

Names of files, keys of rows and people become pseudonyms, in records and in partitions; copies that
a reader must make on disk lie in a folder of this user alone, and are gone when it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.cache import cached_in, private_folder
from millrace.data.sources.discreet import discreet
from millrace.data.sources.partition import Partition
from millrace.privacy.certificate import Certificate
from millrace.privacy.keys import load_key
from millrace.privacy.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.reader import SourceReader

PROFILE = "Millrace texts and tables, 1"
"""Name of what is done, in certificates."""


@dataclass(frozen=True)
class _Keyed(Partition):
    """A partition whose fingerprint says nothing without the key."""

    keyed: Callable[[str], str] = str

    def check_unchanged(self, fingerprint: str) -> None:
        """Raise `DataError` where the content is no longer what was discovered."""
        super().check_unchanged(self.keyed(fingerprint))


class PrivateReader:
    """Reads a source of texts, messages or records of tables.

    Args:
        document: values of the source; `privacy`, those of `millrace.workflow.privacy.Privacy`;
            `learnt`, the headers and columns that are learnt from.
        opened: opens the source's own reader.

    Attributes:
        certificate: what was done to the records of the partition that was read; None before.
    """

    places: ClassVar[tuple[str, ...]] = ()  # of the reader's own class, see `reader.keyed`

    def __init__(
        self, document: Mapping[str, Any], opened: Callable[[Mapping[str, Any]], SourceReader]
    ) -> None:
        self._document = document
        self._opened = opened
        self._where = f"source {document['name']}"
        self._key = load_key()
        self._names = Pseudonyms(self._key)
        self.certificate: Certificate | None = None

    def partitions(self) -> list[Partition]:
        """List the partitions, by pseudonyms."""
        with discreet(self._where), private_folder() as folder, cached_in(folder):
            return [self._named(one) for one in self._opened(self._document).partitions()]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`, and fill `certificate`."""
        from millrace.data.sources.private_records import PrivateRecords

        privacy = self._document["privacy"]
        records = PrivateRecords(privacy, self._document.get("learnt") or {}, self._names)
        self.certificate = Certificate(
            PROFILE, records.options, self._names.fingerprint, limits=records.limits
        )
        with discreet(self._where), private_folder() as folder:
            with cached_in(folder):
                reader = self._opened(self._document)
                found = reader.read(self._own(reader, partition))
            while True:
                with cached_in(folder):
                    table = next(found, None)
                if table is None:
                    return
                yield records.of(table, partition, self.certificate)

    def _named(self, partition: Partition) -> Partition:
        member = partition.member
        return replace(
            partition,
            fingerprint=self._fingerprint(partition.fingerprint),
            member=None if member is None else self._names.name("member", member),
        )

    def _own(self, reader: SourceReader, partition: Partition) -> Partition:
        """Return a partition as the reader knows it."""
        values = partition.to_document()
        if partition.member is not None:
            for one in reader.partitions():
                if self._names.name("member", one.member or "") == partition.member:
                    values["member"] = one.member
                    break
        return _Keyed(**values, keyed=self._fingerprint)

    def _fingerprint(self, fingerprint: str) -> str:
        return self._key.digest("fingerprint", fingerprint).hex()
