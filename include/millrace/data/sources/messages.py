"""`EmailReader`: raw e-mails, their bytes as they were: folders, archives, Maildirs, mbox files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from millrace.data.sources.files import is_http, is_remote, local_path, open_source
from millrace.data.sources.folder_tree import is_archive
from millrace.data.sources.mailbox import MailboxReader, is_mailbox
from millrace.data.sources.messages_folder import MessageFolderReader
from millrace.data.sources.partition import Partition

if TYPE_CHECKING:
    import pyarrow as pa


class EmailReader:
    """Reads what ``uri`` points to; see `millrace.workflow.text_sources.EmailSource`."""

    places: ClassVar[tuple[str, ...]] = ("uri",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        single = _is_file(document["uri"])
        mailbox = single and is_mailbox(open_source(document["uri"], document["sha256"]))
        self._reader = MailboxReader(document) if mailbox else MessageFolderReader(document)

    def partitions(self) -> list[Partition]:
        """List the partitions."""
        return self._reader.partitions()

    def read(self, partition: Partition) -> Iterator[pa.Table]:
        """Yield the records of `partition`."""
        return self._reader.read(partition)


def _is_file(uri: str) -> bool:
    if is_remote(uri):
        return is_http(uri) or is_archive(uri) or uri.lower().endswith((".mbox", ".mbox.gz"))
    return local_path(uri).is_file()
