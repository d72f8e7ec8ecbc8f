"""`FolderReader`: what sources have in common that are a folder, an archive or a bucket of files.

A record is a file. Nothing of it is decoded but what a kind of source says. Partitions are cut by
the names' hashes, so a folder that grew yields new partitions only where it grew.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.listing import Entry, FileTree
from millrace.data.sources.listing_cut import cut_by_content
from millrace.data.sources.partition import Partition
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.contents import Content
    from millrace.data.sources.folder_table import Listed

log = logging.getLogger(__name__)

Labelled = tuple[str | None, str | None]
"""The label and the group of a file."""


class FolderReader(ABC):
    """Reads the files of a tree.

    Args:
        document: values of the source's spec. tree: its files.
    """

    places: ClassVar[tuple[str, ...]] = ("uri",)
    files: ClassVar[str] = "files"
    """What errors and the log call the files."""

    def __init__(self, document: Mapping[str, Any], tree: FileTree) -> None:
        self._document = document
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._tree = tree

    def partitions(self) -> list[Partition]:
        """List the partitions; a file's content is read only where its digest is not known."""
        entries = list(self._entries())
        ignored = self._tree.ignored + len(self._tree.names()) - len(entries)
        if not entries:
            raise self._no_file(ignored)
        digests = self._tree.digests(entries, remember=True)
        known = {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}
        labels = [self._labelled(entry)[0] for entry in entries]
        log.info(
            "source %s: %d %s, %d with a label, %d classes; %d other files are left out",
            *(self._name, len(entries), self.files, len(labels) - labels.count(None)),
            *(len(set(labels) - {None}), ignored),
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
        from millrace.data.sources.folder_table import Listed, batches, file_table

        run = next(cut_by_content(self._entries(partition.member or ""), self._rows), [])
        digests = self._tree.digests(run, remember=False)
        partition.check_unchanged(self._fingerprint(run, digests))
        known = zip(run[: partition.rows], digests, strict=False)
        listed = [Listed(entry, digest, *self._labelled(entry)) for entry, digest in known]
        start = 0
        for batch in batches(listed):
            entries, wanted = [file.entry for file in batch], [file.digest for file in batch]
            contents = map(self._content, batch, self._tree.contents(entries, wanted))
            yield file_table(partition, start, batch, contents)
            start += len(batch)
        self._tree.check_settled(run)

    def _wanted(self, name: str) -> bool:  # noqa: ARG002
        """Whether a file of the tree is one of the source's; by default every one is."""
        return True

    @abstractmethod
    def _labelled(self, entry: Entry) -> Labelled:
        """Return the label and group of a file by its name."""

    @abstractmethod
    def _content(self, file: Listed, data: bytes | None) -> Content:
        """Return what the record of a file holds; `data` is None for one that is too large."""

    @property
    @abstractmethod
    def _expected(self) -> str:
        """What the error of a source without a file says of those it looked for."""

    def _entries(self, start: str = "") -> Iterator[Entry]:
        return (entry for entry in self._tree.entries(start) if self._wanted(entry.name))

    def _no_file(self, ignored: int) -> DataError:
        return DataError(
            f"a source holds no record: there are no {self.files} in it",
            where=f"source {self._name}: {self._document['uri']}",
            expected=self._expected,
            received=f"{ignored:,} other files",
            remedy="Check the place; set `pattern` for files with other extensions."
            if "pattern" in self._document
            else "Check the place and `folder`.",
        )

    def _fingerprint(self, run: Sequence[Entry], digests: Sequence[str]) -> str:
        known = zip(run, digests, strict=True)
        return digest_value([[e.name, digest, *self._labelled(e)] for e, digest in known])
