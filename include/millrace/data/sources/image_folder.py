"""`ImageFolderReader`: picture files of a folder, an archive or a bucket, one record each.

A record holds its file's bytes as they are; nothing is decoded here. Partitions are cut by the
names' hashes, so a folder that grew yields new partitions only where it grew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.image_folder_tree import open_tree
from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_cut import cut_by_content
from millrace.data.sources.listing_names import class_of
from millrace.data.sources.partition import Partition

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


class ImageFolderReader:
    """Reads pictures below ``uri``; see `millrace.workflow.sources.ImageFolderSource`."""

    places: ClassVar[tuple[str, ...]] = ("uri", "labels")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._tree = open_tree(document)

    def partitions(self) -> list[Partition]:
        """List the partitions; a file's content is read only where its digest is not known."""
        entries = list(self._tree.entries())
        digests = self._tree.digests(entries, remember=True)
        known = {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}
        log.info(
            "source %s: %d pictures; %d other files are left out",
            *(self._name, len(entries), self._tree.ignored),
        )
        return [
            Partition(
                source=self._name,
                index=index,
                start=0,
                stop=len(run),
                fingerprint=self._fingerprint(run, [known[entry.name] for entry in run]),
                member=run[0].name,
            )
            for index, run in enumerate(cut_by_content(entries, self._rows))
        ]

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        from millrace.data.sources.image_folder_table import Listed, batches, file_table

        run = next(cut_by_content(self._tree.entries(partition.member or ""), self._rows), [])
        digests = self._tree.digests(run, remember=False)
        partition.check_unchanged(self._fingerprint(run, digests))
        listed = [
            Listed(entry, digest, self._label(entry))
            for entry, digest in zip(run, digests, strict=True)
        ]
        start = 0
        for batch in batches(listed[: partition.rows]):
            entries, wanted = [file.entry for file in batch], [file.digest for file in batch]
            yield file_table(partition, start, batch, self._tree.contents(entries, wanted))
            start += len(batch)

    def _fingerprint(self, run: Sequence[Entry], digests: Sequence[str]) -> str:
        return digest_value(
            [
                [entry.name, digest, self._label(entry)]
                for entry, digest in zip(run, digests, strict=True)
            ]
        )

    def _label(self, entry: Entry) -> str | None:
        return class_of(entry.name)
