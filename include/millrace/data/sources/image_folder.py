"""`ImageFolderReader`: picture files of a folder, an archive or a bucket, one record each.

A record holds its file's bytes as they are; nothing is decoded here. Partitions are cut by the
names' hashes, so a folder that grew yields new partitions only where it grew.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.artifacts.digests import digest_value
from millrace.data.sources.files import open_source
from millrace.data.sources.image_folder_tree import open_tree
from millrace.data.sources.labels_file import Labelled, read_labels
from millrace.data.sources.labels_file_columns import Wanted
from millrace.data.sources.labels_file_rows import LARGEST
from millrace.data.sources.listing import NOTE, Entry
from millrace.data.sources.listing_cut import cut_by_content
from millrace.data.sources.listing_names import KNOWN, class_of
from millrace.data.sources.partition import Partition
from millrace.data.sources.reader import file_name
from millrace.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


class ImageFolderReader:
    """Reads pictures below ``uri``; see `millrace.workflow.sources.ImageFolderSource`."""

    places: ClassVar[tuple[str, ...]] = ("uri", "labels")

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._name: str = document["name"]
        self._rows: int = document["partition_rows"]
        self._uri: str = document["uri"]
        self._pattern: str | None = document["pattern"]
        self._labels: str | None = document["labels"]
        self._columns = Wanted(*(document[f"{name}_column"] for name in ("file", "label", "group")))
        self._refuse_missing = document["missing_files"] == "refuse"
        self._tree = open_tree(document)

    def partitions(self) -> list[Partition]:
        """List the partitions; a file's content is read only where its digest is not known."""
        entries = list(self._tree.entries())
        self._check_any(len(entries))
        digests = self._tree.digests(entries, remember=True)
        known = {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}
        labels = [self._labelled(entry)[0] for entry in entries]
        log.info(
            "source %s: %d pictures, %d with a label, %d classes; %d other files are left out",
            *(self._name, len(entries), len(labels) - labels.count(None)),
            *(len(set(labels) - {None}), self._tree.ignored),
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
        known = zip(run[: partition.rows], digests, strict=False)
        listed = [Listed(entry, digest, *self._labelled(entry)) for entry, digest in known]
        start = 0
        for batch in batches(listed):
            entries, wanted = [file.entry for file in batch], [file.digest for file in batch]
            yield file_table(partition, start, batch, self._tree.contents(entries, wanted))
            start += len(batch)
        self._tree.check_settled(run)

    def _check_any(self, pictures: int) -> None:
        if not pictures:
            raise DataError(
                "a source holds no record: there is no picture in it",
                where=f"source {self._name}: {self._uri}",
                expected=f"files like {self._pattern}" if self._pattern else f"files of {KNOWN}",
                received=f"{self._tree.ignored:,} other files",
                remedy="Check the place; set `pattern` for pictures with other extensions.",
            )

    def _fingerprint(self, run: Sequence[Entry], digests: Sequence[str]) -> str:
        known = zip(run, digests, strict=True)
        return digest_value([[e.name, digest, *self._labelled(e)] for e, digest in known])

    def _labelled(self, entry: Entry) -> Labelled:
        if self._from_file is None:
            return class_of(entry.name.removeprefix(self._tree.wrapper)), None
        return self._from_file.get(entry.name, (None, None))

    @cached_property
    def _from_file(self) -> Mapping[str, Labelled] | None:
        """Labels and groups by picture, where a file tells them."""
        data: bytes | None = None
        if self._labels is None:
            data = self._tree.note()
        elif self._labels != "subfolders":
            file = open_source(self._labels)
            with file.path.open("rb") as opened:
                data = opened.read(LARGEST + 1)
        if data is None:
            return None
        name = NOTE if self._labels is None else file_name(self._labels)
        return read_labels(
            data,
            f"source {self._name}: {name}",
            self._tree.names(),
            self._columns,
            refuse_missing=self._refuse_missing,
        )
