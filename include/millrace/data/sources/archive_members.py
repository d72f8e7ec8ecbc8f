"""`Archive`: the members of a .zip or a .tar, listed and read one by one."""

from __future__ import annotations

import errno
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from millrace.data.sources.files import SourceFile
from millrace.data.sources.listing_names import record_name
from millrace.data.sources.unpacked import unpacked
from millrace.errors import DataError

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError, OverflowError, struct.error),
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)


@dataclass(frozen=True, slots=True)
class Member:
    """A member: its path with slashes, what reads it, its bytes unpacked, and its kind."""

    name: str
    place: str
    size: int
    is_file: bool
    is_folder: bool


class Read(Protocol):
    """Reads a member by its place, at most `limit` bytes of it where that is given."""

    def __call__(self, place: str, limit: int | None = None) -> bytes:
        """Return the member's content."""


class Archive(Protocol):
    """An archive of some format; raises `DataError` where it is damaged."""

    def members(self) -> Iterator[Member]:
        """Yield all members as they are named in the archive."""

    def opened(self) -> AbstractContextManager[Read]:
        """Open the archive for reading members."""


class ZipArchive:
    """A .zip; a member's place is its number in the directory."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Yield the members in the order of the directory; backslashes count as slashes."""
        with _failures(self._file), zipfile.ZipFile(self._file.path) as archive:
            for number, info in enumerate(archive.infolist()):
                mode = info.external_attr >> 16
                plain = stat.S_IFMT(mode) in (0, stat.S_IFREG)
                name = info.filename.replace("\\", "/")
                yield Member(name, str(number), info.file_size, plain, name.endswith("/"))

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Open the archive; checksums are compared while members are read."""
        with _failures(self._file), zipfile.ZipFile(self._file.path) as archive:
            infos = archive.infolist()

            def read(place: str, limit: int | None = None) -> bytes:
                info = infos[int(place)]
                if info.compress_type not in _METHODS:
                    raise _damaged(self._file, f"compression {info.compress_type}", info.filename)
                with _failures(self._file, info.filename), archive.open(info) as member:
                    return member.read(info.file_size if limit is None else limit)

            yield read


class TarArchive:
    """A .tar, compressed or not; a member's place is its offset and size in the unpacked file."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Yield the members in their order; a compressed archive is unpacked once."""
        with _failures(self._file), tarfile.open(unpacked(self._file), "r:") as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
                plain = info.isreg() and not info.issparse() and info.size >= 0
                place = f"{info.offset_data}+{info.size}"
                yield Member(info.name, place, info.size, plain, info.isdir())

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Open the unpacked archive."""
        with unpacked(self._file).open("rb") as archive:

            def read(place: str, limit: int | None = None) -> bytes:
                start, size = map(int, place.split("+"))
                archive.seek(start)
                content = archive.read(size if limit is None else min(size, limit))
                if limit is None and len(content) < size:
                    raise _damaged(self._file, f"{size - len(content)} bytes less")
                return content

            yield read


@contextmanager
def _failures(file: SourceFile, member: str | None = None) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the machine's fault, not the archive's
        raise _damaged(file, error, member) from error


def _damaged(file: SourceFile, received: object, member: str | None = None) -> DataError:
    return DataError(
        "an archive is truncated, damaged, or packed in a way that cannot be read",
        where=file.name if member is None else f"{file.name}: {record_name(member)}",
        expected="a .zip or .tar archive without a password",
        received=received,
        remedy="Get the file again, or pack it anew.",
    )
