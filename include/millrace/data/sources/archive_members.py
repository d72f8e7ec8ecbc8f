"""`Archive`: what a format of archives offers, and what a damaged one means."""

from __future__ import annotations

import errno
import lzma
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
from millrace.errors import DataError

_DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    *(NotImplementedError, RuntimeError, OSError, ValueError, OverflowError, struct.error),
)


@dataclass(frozen=True, slots=True)
class Member:
    """A member: its path with slashes, what reads it, its bytes unpacked, and its kind."""

    name: str
    place: str
    size: int
    is_file: bool
    is_folder: bool


class Read(Protocol):
    """Reads a member by its place; `name` is what errors call it."""

    def __call__(self, place: str, name: str) -> bytes:
        """Return the member's content."""


class Archive(Protocol):
    """An archive of some format; raises `DataError` where it is damaged."""

    def members(self) -> Iterator[Member]:
        """Yield all members as they are named in the archive."""

    def opened(self) -> AbstractContextManager[Read]:
        """Open the archive for reading members."""


@contextmanager
def archive_failures(file: SourceFile, member: str | None = None) -> Iterator[None]:
    """Raise what a damaged archive causes in this block as `DataError`."""
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the machine's fault, not the archive's
        raise damaged_archive(file, error, member) from error


def damaged_archive(file: SourceFile, received: object, member: str | None = None) -> DataError:
    """Return the error of an archive, or of a member, that cannot be read."""
    return DataError(
        "an archive is truncated, damaged, or packed in a way that cannot be read",
        where=file.name if member is None else f"{file.name}: {record_name(member)}",
        expected="a .zip or .tar archive without a password",
        received=received,
        remedy="Get the file again, or pack it anew.",
    )
