"""`TextFolderReader`: text files of a folder, an archive or a bucket, one record each.

A record is its file's text as UTF-8; white space and line ends stay as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from millrace.data.encoding import BYTES, TEXT
from millrace.data.sources.charset import Charset
from millrace.data.sources.folder import FolderReader, Labelled
from millrace.data.sources.folder_tree import open_tree
from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_names import class_of
from millrace.data.sources.partition import Partition

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.contents import Content
    from millrace.data.sources.folder_table import Listed

log = logging.getLogger(__name__)


class TextFolderReader(FolderReader):
    """Reads texts below ``uri``; see `millrace.workflow.text_sources.TextFolderSource`."""

    files = "texts"

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document, open_tree(document))
        self._charset = Charset(document["encoding"])

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        before = self._charset.fallbacks
        yield from super().read(partition)
        found = self._charset.fallbacks - before
        if found:
            log.warning(
                "source %s, partition %d: %d of %d files are not UTF-8 and were read as "
                "Windows-1252",
                *(self._name, partition.index, found, partition.rows),
            )

    @property
    def _expected(self) -> str:
        return f"files like {self._document['pattern']}"

    def _labelled(self, entry: Entry) -> Labelled:
        if self._document["label"] or self._document["labels"] is None:
            return self._document["label"], None
        return class_of(entry.name.removeprefix(self._tree.wrapper)), None

    def _content(self, file: Listed, data: bytes | None) -> Content:
        from millrace.data.sources.contents import LARGEST_TEXT, Content, too_large

        if data is None or len(data) > LARGEST_TEXT:
            return too_large(file.label, file.entry.size)
        text = self._charset.decode_file(data)
        if text is None:
            return Content(data, BYTES, file.label)
        return Content(text.encode("utf-8"), TEXT, file.label)
