"""The lines of a text file as bytes: where they are, and the digests of runs of records.

A line is what ends in a line feed; its end is no part of it, so that a digest does not depend on
it. Empty lines at the end of a file are none. Knows nothing of what lines hold.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterable
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.charset import is_bytewise
from millrace.data.sources.files import SourceFile
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

LONGEST = 16 << 20
"""Bytes of a line, at most."""

_CHUNK = 1 << 20  # bytes
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Span(NamedTuple):
    """Records of a file: the byte at which they begin, their number, the SHA-256 of their text."""

    offset: int
    rows: int
    digest: str


def text_file(file: SourceFile, encoding: str = "auto") -> Path:
    """Return a path of the file's text with line feeds, unpacked where it is gzip.

    The text is in UTF-8 where it was UTF-16, or in an encoding of several bytes a character;
    else its bytes are as they were.

    Args:
        encoding: of the file; ``auto`` tells UTF-16 by its byte order mark.

    Raises:
        DataError: it is not in its encoding throughout.
    """
    path = unpacked(file)
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    codec = _wide(head, encoding)
    if codec is None and (b"\n" in head or b"\r" not in head):
        return path
    made = cache_folder("unpacked") / f"{file.digest}{f'.{codec}' if codec else ''}.txt"
    if not made.is_file():
        with new_file(made) as part:
            _rewrite(path, part, codec, file.name)
    return made


def first_byte(path: Path) -> int:
    """Return the byte at which the text begins: behind a byte order mark."""
    with path.open("rb") as file:
        return len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0


def lines(path: Path, offset: int, name: str) -> Generator[tuple[int, bytes]]:
    """Yield lines with the byte at which each begins, from the line that begins at `offset`.

    Raises:
        DataError: a line is longer than 16 MiB.
    """
    end = _end(path)
    with path.open("rb") as file:
        file.seek(offset)
        while offset < end:
            line = file.readline(LONGEST)
            if len(line) == LONGEST and not line.endswith(b"\n"):
                raise DataError(
                    "a line is too long",
                    where=f"{name}, byte {offset:,}",
                    expected=f"at most {LONGEST:,} bytes",
                    received=line[:40],
                    remedy="Check that the source is a text file with one record a line.",
                )
            yield offset, line.rstrip(b"\r\n")
            offset += len(line)


def head_of(records: Iterable[tuple[int, bytes]], most: int, size: int) -> list[tuple[int, bytes]]:
    """Return the first records: at most `most`, and two at least until they have `size` bytes."""
    head, held = [], 0
    for begin, record in islice(records, most):
        head.append((begin, record))
        held += len(record)
        if held > size and len(head) > 1:
            break
    return head


def spans(records: Iterable[tuple[int, bytes]], size: int) -> list[Span]:
    """Cut records, each with the byte at which it begins, into spans of at most `size`."""
    found: list[Span] = []
    count, first, digest = 0, 0, sha256()
    for begin, record in records:
        if count == size:
            found.append(Span(first, count, digest.hexdigest()))
            count, digest = 0, sha256()
        if not count:
            first = begin
        digest.update(record + b"\n")
        count += 1
    if count:
        found.append(Span(first, count, digest.hexdigest()))
    return found


def _wide(head: bytes, encoding: str) -> str | None:
    """Return the encoding that lines cannot be told in, or None."""
    if head.startswith(_UTF16) and encoding in ("auto", "utf-16"):
        return "utf-16"
    return None if encoding == "auto" or is_bytewise(encoding) else encoding


def _end(path: Path) -> int:
    """Return the byte behind the last that is no white space."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        while end:
            start = max(0, end - _CHUNK)
            file.seek(start)
            kept = len(file.read(end - start).rstrip())
            if kept:
                return start + kept
            end = start
    return 0


def _rewrite(path: Path, target: Path, encoding: str | None, name: str) -> None:
    read, write = (encoding, "utf-8") if encoding else ("latin-1", "latin-1")
    try:
        with path.open(encoding=read, newline=None) as text, target.open("wb") as out:
            while chunk := text.read(_CHUNK):
                out.write(chunk.encode(write))
    except UnicodeError as error:
        raise DataError(
            "a text is not in one encoding",
            where=name,
            expected=f"{(encoding or 'UTF-8').upper()} throughout",
            received=error,
            remedy="Save it again as UTF-8.",
        ) from error
