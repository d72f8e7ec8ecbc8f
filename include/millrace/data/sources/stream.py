"""`ByteStream`: a file's bytes in order, decompressed where need be, in bounded memory."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from millrace.errors import DataError

_CHUNK = 1 << 20  # bytes
_WINDOW = 31  # of zlib: gzip with header and checksum
_MOST_MEMORY = 256 << 20  # bytes that an xz file may ask for


class _Decompressor(Protocol):
    """What `bz2` and `lzma` give."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes."""


class _Gzip:
    """zlib's decompressor in the form of the other two."""

    def __init__(self) -> None:
        self._machine = zlib.decompressobj(_WINDOW)

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def needs_input(self) -> bool:
        return not self._machine.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes."""
        return self._machine.decompress(self._machine.unconsumed_tail + data, max_length)


_KINDS: dict[bytes, Callable[[], Any]] = {
    b"\x1f\x8b": _Gzip,
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY),
}


def is_compressed(path: Path) -> bool:
    """Whether the file's content is gzip, bzip2 or xz, whatever its name."""
    return _kind(path) is not None


def _kind(path: Path) -> Callable[[], _Decompressor] | None:
    with path.open("rb") as file:
        start = file.read(6)
    return next((make for magic, make in _KINDS.items() if start.startswith(magic)), None)


class ByteStream:
    """Reads forward only.

    Args:
        path: the file. name: what errors call it.

    Raises:
        DataError: (while reading) the file ends too early or is damaged.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        kind = _kind(path)
        self.compressed = kind is not None
        self._file = path.open("rb")
        self._chunks = None if kind is None else self._inflated(kind)
        self._rest = memoryview(b"")

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes."""
        inflated = self._chunks is not None
        data = b"".join(self._parts(size)) if inflated else self._file.read(size)
        if len(data) < size:
            raise self._damaged(f"{size - len(data)} bytes more", "the end of the file")
        return data

    def skip(self, size: int) -> None:
        """Go `size` bytes forward."""
        if self._chunks is None:
            self._file.seek(size, 1)
            return
        skipped = sum(len(part) for part in self._parts(size))
        if skipped < size:
            raise self._damaged(f"{size - skipped} bytes more", "the end of the file")

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left, a chunk at a time."""
        yield from self._chunks or iter(lambda: self._file.read(_CHUNK), b"")

    def check_end(self) -> None:
        """Raise `DataError` where bytes are left."""
        left = self._file.read(1) if self._chunks is None else b"".join(self._parts(1))
        if left:
            raise self._damaged("the end of the file", "more bytes than the header says")

    def _parts(self, size: int) -> Iterator[memoryview]:
        while size > 0:
            if not self._rest:
                self._rest = memoryview(next(self._chunks or iter(()), b""))
                if not self._rest:
                    return
            part, self._rest = self._rest[:size], self._rest[size:]
            size -= len(part)
            yield part

    def _inflated(self, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
        """Yield decompressed chunks of all members of the file, never more than a chunk."""
        waiting = self._file.read(_CHUNK)
        while waiting:
            machine = make()
            while not machine.eof:
                try:
                    data = machine.decompress(waiting, _CHUNK)
                except (zlib.error, lzma.LZMAError, OSError) as error:
                    raise self._damaged("a whole compressed file", error) from error
                if data:
                    yield data
                if not machine.eof:
                    waiting = self._file.read(_CHUNK) if machine.needs_input else b""
                    if machine.needs_input and not (waiting or data):
                        raise self._damaged("a whole compressed file", "a truncated one")
            waiting = (machine.unused_data or self._file.read(_CHUNK)).lstrip(b"\0")

    def _damaged(self, expected: str, received: object) -> DataError:
        return DataError(
            "a source's file is truncated or damaged",
            where=self._name,
            expected=expected,
            received=received,
            remedy="Get the file again.",
        )
