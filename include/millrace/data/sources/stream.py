"""`ByteStream`: a file's bytes in order, decompressed where they are gzip, in bounded memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from millrace.errors import DataError

_CHUNK = 1 << 20  # bytes
_GZIP = b"\x1f\x8b"
_WINDOW = 31  # of zlib: gzip with header and checksum


def is_gzip(path: Path) -> bool:
    """Whether the file's content is gzip, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


class ByteStream:
    """Reads forward only.

    Args:
        path: the file. name: what errors call it.

    Raises:
        DataError: (while reading) the file ends too early or is damaged.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        self.compressed = is_gzip(path)
        self._file = path.open("rb")
        self._chunks = self._inflated() if self.compressed else None
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

    def _inflated(self) -> Iterator[bytes]:
        """Yield decompressed chunks of all members of the gzip file, never more than a chunk."""
        waiting = self._file.read(_CHUNK)
        while waiting:
            inflate = zlib.decompressobj(_WINDOW)
            while not inflate.eof:
                try:
                    data = inflate.decompress(waiting, _CHUNK)
                except zlib.error as error:
                    raise self._damaged("gzip", error) from error
                if data:
                    yield data
                if not inflate.eof:
                    waiting = inflate.unconsumed_tail or self._file.read(_CHUNK)
                    if not (waiting or data):
                        raise self._damaged("a whole gzip file", "a truncated one")
            waiting = (inflate.unused_data or self._file.read(_CHUNK)).lstrip(b"\0")

    def _damaged(self, expected: str, received: object) -> DataError:
        return DataError(
            "a source's file is truncated or damaged",
            where=self._name,
            expected=expected,
            received=received,
            remedy="Get the file again.",
        )
