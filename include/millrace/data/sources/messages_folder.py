"""`MessageFolderReader`: e-mails of a folder, an archive, a bucket or a Maildir, a file each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from millrace.data.encoding import MESSAGE
from millrace.data.sources.folder import FolderReader, Labelled
from millrace.data.sources.folder_tree import is_archive, open_tree
from millrace.data.sources.listing import Entry
from millrace.data.sources.listing_names import class_of
from millrace.data.sources.messages_sender import sender_of

if TYPE_CHECKING:
    from millrace.data.sources.contents import Content
    from millrace.data.sources.folder_table import Listed

_NO_MESSAGES = (".mbox", ".mbx", ".gz", ".bz2", ".xz", ".7z", ".rar")
_COMMANDS = "cmds"  # of SpamAssassin's corpus: how its files were made
_MAILDIR = ("cur", "new")
_UNFINISHED = "tmp"  # of a Maildir: messages that are being delivered


class MessageFolderReader(FolderReader):
    """Reads messages below ``uri``."""

    files = "messages"

    def __init__(self, document: Mapping[str, Any]) -> None:
        super().__init__(document, open_tree({**document, "pattern": "*"}))

    @property
    def _expected(self) -> str:
        return "a file for each message, or an mbox file as a source of its own"

    def _wanted(self, name: str) -> bool:
        folders, _, file = name.rpartition("/")
        if file == _COMMANDS or folders.rpartition("/")[2] == _UNFINISHED:
            return False
        return not (is_archive(file) or file.lower().endswith(_NO_MESSAGES))

    def _labelled(self, entry: Entry) -> Labelled:
        if self._document["label"] or self._document["labels"] is None:
            return self._document["label"], None
        folders, _, file = entry.name.removeprefix(self._tree.wrapper).rpartition("/")
        outer, _, last = folders.rpartition("/")
        folders = outer if last in _MAILDIR else folders
        return class_of(f"{folders}/{file}") or None, None

    def _content(self, file: Listed, data: bytes | None) -> Content:
        from millrace.data.sources.contents import LARGEST_TEXT, Content, too_large

        if data is None or len(data) > LARGEST_TEXT:
            return too_large(file.label, file.entry.size)
        group = sender_of(data) if self._document["group"] == "sender" else None
        return Content(data, MESSAGE, file.label, group)
