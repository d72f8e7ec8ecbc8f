"""`ImageFolderReader`: picture files of a folder, an archive or a bucket, one record each.

A record holds its file's bytes as they are; nothing is decoded here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.data.encoding import FILE
from millrace.data.sources.files import open_source
from millrace.data.sources.folder import FolderReader
from millrace.data.sources.folder_tree import open_tree
from millrace.data.sources.labels_file import Labelled, read_labels
from millrace.data.sources.labels_file_columns import Wanted
from millrace.data.sources.labels_file_rows import LARGEST
from millrace.data.sources.listing import NOTE, Entry
from millrace.data.sources.listing_names import KNOWN, class_of
from millrace.data.sources.reader import file_name

if TYPE_CHECKING:
    from millrace.data.sources.contents import Content
    from millrace.data.sources.folder_table import Listed


class ImageFolderReader(FolderReader):
    """Reads pictures below ``uri``; see `millrace.workflow.sources.ImageFolderSource`."""

    places: ClassVar[tuple[str, ...]] = ("uri", "labels")
    files = "pictures"

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document, open_tree(document))
        self._pattern: str | None = document["pattern"]
        self._labels: str | None = document["labels"]
        self._columns = Wanted(*(document[f"{name}_column"] for name in ("file", "label", "group")))
        self._refuse_missing = document["missing_files"] == "refuse"

    @property
    def _expected(self) -> str:
        return f"files like {self._pattern}" if self._pattern else f"files of {KNOWN}"

    def _content(self, file: Listed, data: bytes | None) -> Content:
        from millrace.data.sources.contents import Content

        return Content(data, FILE, file.label, file.group)

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
