"""The records and fields of a delimited text table, quoted or not (RFC 4180). Knows no columns.

A field is quoted where it begins with a quote; two quotes in it are one. Quotes elsewhere are
letters. A quote that nothing closes within a mebibyte makes its line a record of its own, which is
then refused, so that it does not swallow the lines behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator

_MOST_AHEAD = 1 << 20  # bytes that the closing quote is looked for in

Line = tuple[int, bytes]


def split(record: str, delimiter: str, *, quoted: bool) -> list[str]:
    """Return the fields of a record.

    Raises:
        ValueError: a quote is not closed, or something other than a delimiter follows it.
    """
    if not quoted or '"' not in record:
        return record.split(delimiter)
    fields: list[str] = []
    at = 0
    while True:
        if record.startswith('"', at):
            field, at = _quoted(record, at + 1)
            if at < len(record) and not record.startswith(delimiter, at):
                raise ValueError(f"text follows a closing quote in column {len(fields)}")
            end = at if at < len(record) else -1
        else:
            end = record.find(delimiter, at)
            field = record[at:] if end < 0 else record[at:end]
        fields.append(field)
        if end < 0:
            return fields
        at = end + len(delimiter)


def records(lines: Iterator[Line], delimiter: str, *, quoted: bool) -> Generator[Line]:
    """Yield records with the byte at which each begins; a quoted field may hold line breaks."""
    if not quoted:
        yield from lines
        return
    mark = delimiter.encode()
    waiting: deque[Line] = deque()
    while (first := waiting.popleft() if waiting else next(lines, None)) is not None:
        parts = [first]
        if b'"' in first[1] and _ends_open(first[1], mark, inside=False):
            parts = _until_closed(first, lines, waiting, mark)
        yield first[0], b"\n".join(line for _, line in parts)


def _until_closed(
    first: Line, lines: Iterator[Line], waiting: deque[Line], mark: bytes
) -> list[Line]:
    """Return the lines of a record that goes on behind its first; what is not of it waits."""
    parts, size = [first], 0
    while size < _MOST_AHEAD:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            break
        parts.append(line)
        size += len(line[1])
        if b'"' in line[1] and not _ends_open(line[1], mark, inside=True):
            return parts
    waiting.extendleft(reversed(parts[1:]))
    return [first]


def _ends_open(line: bytes, mark: bytes, *, inside: bool) -> bool:
    """Whether a line ends inside quotes, when it begins inside of them or not."""
    at = 0
    while True:
        if inside or line.startswith(b'"', at):
            at = _behind_quote(line, at if inside else at + 1)
            if at < 0:
                return True
            inside = False
        at = line.find(mark, at)
        if at < 0:
            return False
        at += len(mark)


def _behind_quote(line: bytes, at: int) -> int:
    """Return the place behind the quote that closes a field; -1 without one."""
    while (at := line.find(b'"', at)) >= 0:
        if not line.startswith(b'"', at + 1):
            return at + 1
        at += 2
    return -1


def _quoted(record: str, start: int) -> tuple[str, int]:
    """Return a field without its quotes, and the place behind the closing one."""
    at = start
    while (at := record.find('"', at)) >= 0:
        if not record.startswith('"', at + 1):
            return record[start:at].replace('""', '"'), at + 1
        at += 2
    raise ValueError("a quote is not closed")
