"""`TarArchive`: the members of a .tar, compressed or not; each is read by its offset."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

from millrace.data.sources.archive_members import Member, Read, archive_failures, damaged_archive
from millrace.data.sources.files import SourceFile
from millrace.data.sources.unpacked import unpacked


class TarArchive:
    """A .tar, compressed or not; a member's place is its offset and size in the unpacked file."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file

    def members(self) -> Iterator[Member]:
        """Yield the members in their order; a compressed archive is unpacked once."""
        with archive_failures(self._file), tarfile.open(unpacked(self._file), "r:") as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # else it keeps them all
                plain = info.isreg() and not info.issparse() and info.size >= 0
                place = f"{info.offset_data}+{info.size}"
                yield Member(info.name, place, info.size, plain, info.isdir())

    @contextmanager
    def opened(self) -> Iterator[Read]:
        """Open the unpacked archive."""
        with unpacked(self._file).open("rb") as archive:

            def read(place: str, name: str) -> bytes:
                start, size = map(int, place.split("+"))
                archive.seek(start)
                content = archive.read(size)
                if len(content) < size:
                    missing = f"{size - len(content)} bytes less"
                    raise damaged_archive(self._file, missing, name)
                return content

            yield read
