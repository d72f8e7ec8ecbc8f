"""The rows of a text table as lines of UTF-8: where they are, and their digests. Knows no columns.

A row is a line: a line break inside quotes ends a row. Empty lines at the end are no rows, and
empty ones before it are. Line ends are never part of a row, so a digest does not depend on them.
"""

from __future__ import annotations

import codecs
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from millrace.data.sources.cache import cache_folder, new_file
from millrace.data.sources.files import SourceFile
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

_CHUNK = 1 << 20  # bytes
_LONGEST = 16 << 20  # bytes of a line
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Span(NamedTuple):
    """Rows of a file: the byte at which they begin, their number, the SHA-256 of their text."""

    offset: int
    rows: int
    digest: str


def text_file(file: SourceFile) -> Path:
    """Return a path of the file's text as UTF-8 with line feeds, unpacked where it is gzip.

    Raises:
        DataError: it is UTF-16 by its first bytes, but not in what follows.
    """
    path = unpacked(file)
    with path.open("rb") as stream:
        head = stream.read(_CHUNK)
    utf16 = head.startswith(_UTF16)
    if not utf16 and (b"\n" in head or b"\r" not in head):
        return path
    made = cache_folder("unpacked") / f"{file.digest}.txt"
    if not made.is_file():
        with new_file(made) as part:
            _rewrite(path, part, "utf-16" if utf16 else "latin-1", file.name)
    return made


def first_byte(path: Path) -> int:
    """Return the byte at which the text begins: behind a byte order mark."""
    with path.open("rb") as file:
        return len(codecs.BOM_UTF8) if file.read(3) == codecs.BOM_UTF8 else 0


def rows(path: Path, offset: int, name: str) -> Generator[tuple[int, bytes]]:
    """Yield rows with the byte at which each begins, from the line that begins at `offset`.

    Raises:
        DataError: a line is longer than 16 MiB.
    """
    end = _end(path)
    with path.open("rb") as file:
        file.seek(offset)
        while offset < end:
            line = file.readline(_LONGEST)
            if len(line) == _LONGEST and not line.endswith(b"\n"):
                raise DataError(
                    "a line is too long for a table of pictures",
                    where=f"{name}, byte {offset:,}",
                    expected=f"at most {_LONGEST:,} bytes",
                    received=line[:40],
                    remedy="Check that the source is a text table with one picture a row.",
                )
            yield offset, line.rstrip(b"\r\n")
            offset += len(line)


def spans(path: Path, offset: int, size: int, name: str) -> list[Span]:
    """Cut the rows from `offset` on into spans of at most `size` rows."""
    found: list[Span] = []
    count, first, digest = 0, offset, sha256()
    for begin, row in rows(path, offset, name):
        if count == size:
            found.append(Span(first, count, digest.hexdigest()))
            count, first, digest = 0, begin, sha256()
        digest.update(row + b"\n")
        count += 1
    if count:
        found.append(Span(first, count, digest.hexdigest()))
    return found


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


def _rewrite(path: Path, target: Path, encoding: str, name: str) -> None:
    try:
        with (
            path.open(encoding=encoding, newline=None) as text,
            target.open("wb") as out,
        ):
            while chunk := text.read(_CHUNK):
                out.write(chunk.encode("utf-8" if encoding == "utf-16" else encoding))
    except UnicodeError as error:
        raise DataError(
            "a table is not in one text encoding",
            where=name,
            expected="UTF-8 or UTF-16",
            received=error,
            remedy="Save it again as UTF-8.",
        ) from error
