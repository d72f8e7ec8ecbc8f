"""`MailboxReader`: an mbox file, a record a message. Its own lines between messages are left out.

A message begins with a line ``From <sender> <date>`` at the start of the file or behind an empty
line (RFC 4155); lines that were escaped as ``>From`` stay so.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.data.encoding import MESSAGE
from millrace.data.sources.files import SourceFile
from millrace.data.sources.messages_sender import sender_of
from millrace.data.sources.partition import Partition
from millrace.data.sources.record_file import RecordFileReader
from millrace.data.sources.stream import ByteStream
from millrace.data.sources.unpacked import unpacked

if TYPE_CHECKING:
    import pyarrow as pa

    from millrace.data.sources.contents import Content

_FROM = b"From "
_SEPARATOR = re.compile(rb"From \S+ .*\d\d:\d\d.*\d{4}")
_CHUNK = 1 << 20  # bytes of a line that are read at once
_MOST = (32 << 20) + 4_096  # bytes of a message that are kept: enough to see that it is too large


def is_mailbox(file: SourceFile) -> bool:
    """Whether a file, compressed or not, is an mbox by its first line."""
    with ByteStream(file.path, file.name) as stream:
        return next(stream.chunks(), b"").startswith(_FROM)


class MailboxReader(RecordFileReader):
    """Reads one mbox file; see `millrace.workflow.text_sources.EmailSource`."""

    @cached_property
    def _path(self) -> Path:
        return unpacked(self._file)

    @property
    def _start(self) -> int | None:
        return 0

    @property
    def _rules(self) -> Any:
        return None

    def _records(self, offset: int) -> Generator[tuple[int, bytes]]:
        return _messages(self._path, offset)

    def _tables(self, partition: Partition, records: Iterator[bytes]) -> Iterator[pa.Table]:
        from millrace.data.sources.bounded import bounded
        from millrace.data.sources.contents import content_table

        start = partition.start
        for batch in bounded(map(self._content, records), lambda content: content.size):
            yield content_table(partition, start, batch, self._file.name, start + 1)
            start += len(batch)

    def _content(self, record: bytes) -> Content:
        from millrace.data.sources.contents import LARGEST_TEXT, Content, too_large

        message = record.partition(b"\n")[2]
        if len(message) > LARGEST_TEXT:
            return too_large(self._document["label"])
        group = sender_of(message) if self._document["group"] == "sender" else None
        return Content(message, MESSAGE, self._document["label"], group)


def _messages(path: Path, offset: int) -> Generator[tuple[int, bytes]]:
    """Yield messages with their first line and the byte at which it is, from `offset` on."""
    with path.open("rb") as file:
        file.seek(offset)
        begin, kept = offset, 0
        parts: list[bytes] = []
        fresh, blank = True, True
        while line := file.readline(_CHUNK):
            if fresh and blank and parts and _SEPARATOR.match(line):
                yield begin, _message(parts)
                begin, parts, kept = offset, [], 0
            if kept < _MOST:
                parts.append(line)
                kept += len(line)
            offset += len(line)
            blank = fresh and not line.strip(b"\r\n")
            fresh = line.endswith(b"\n")
        if parts:
            yield begin, _message(parts)


def _message(lines: list[bytes]) -> bytes:
    """Return the lines of a message without the empty one that parts it from the next."""
    return b"".join(lines if lines[-1].strip(b"\r\n") else lines[:-1])
