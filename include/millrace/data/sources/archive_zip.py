"""`ZipArchive`: the members of a .zip; each is read by its own header."""

from __future__ import annotations

import bz2
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from millrace.data.sources.archive_members import Member, Read, archive_failures, damaged_archive
from millrace.data.sources.files import SourceFile

_HEADER = struct.Struct("<4s2xHH16xHH")  # signature, flags, method, lengths of name and extra field
_SIGNATURE = b"PK\3\4"
_ENCRYPTED = 1
_SLACK = 1 << 20  # bytes that packing may add to a member

_METHODS: dict[int, Callable[[bytes, int], bytes]] = {
    zipfile.ZIP_STORED: lambda data, most: data[:most],
    zipfile.ZIP_DEFLATED: lambda data, most: zlib.decompressobj(-15).decompress(data, most),
    zipfile.ZIP_BZIP2: lambda data, most: bz2.BZ2Decompressor().decompress(data, most),
}


class ZipArchive:
    """A .zip; a member's place is what the directory says of it: offset, sizes, checksum."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Yield the members in the order of the directory; backslashes count as slashes."""
        with archive_failures(self._file), zipfile.ZipFile(self._file.path) as archive:
            for info in archive.infolist():
                mode = info.external_attr >> 16
                plain = stat.S_IFMT(mode) in (0, stat.S_IFREG)
                name = info.filename.replace("\\", "/")
                numbers = (info.header_offset, info.compress_size, info.file_size, info.CRC)
                place = "+".join(map(str, numbers))
                yield Member(name, place, info.file_size, plain, name.endswith("/"))

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Open the archive; every member is compared with its length and checksum."""
        with self._file.path.open("rb") as archive:

            def read(place: str, name: str) -> bytes:
                with archive_failures(self._file, name):
                    content, right = _read(archive, *map(int, place.split("+")))
                if not right:
                    raise damaged_archive(self._file, "another length or checksum", name)
                return content

            yield read


def _read(file: BinaryIO, at: int, packed: int, size: int, checksum: int) -> tuple[bytes, bool]:
    """Return a member's content, and whether it is what the directory says."""
    file.seek(at)
    signature, flags, method, name, extra = _HEADER.unpack(file.read(_HEADER.size))
    if signature != _SIGNATURE or flags & _ENCRYPTED or method not in _METHODS:
        raise ValueError("a password" if flags & _ENCRYPTED else f"compression {method}")
    if packed > 2 * size + _SLACK:
        raise ValueError(f"{packed} bytes for {size}")
    file.seek(name + extra, 1)
    content = _METHODS[method](file.read(packed), size + 1)
    return content, len(content) == size and zlib.crc32(content) == checksum
