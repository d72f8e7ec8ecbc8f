"""`FileTree`: files by name, wherever they lie: a folder, an archive, a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

LARGEST_FILE = 512 << 20
"""Bytes of a file that is read, at most; above it a record has no content."""

NOTE = "labels.csv"
"""Name of the file of labels that belongs to the files around it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file.

    Attributes:
        name: path within the tree, as records show it; unique.
        place: what opens it: a path, an archive's member, an object's key.
        size: bytes. version: a text that changes when the file does.
    """

    name: str
    place: str
    size: int
    version: str


class FileTree(Protocol):
    """Files in the order of their names."""

    @property
    def ignored(self) -> int:
        """Number of files that are left out; known once names were listed."""

    @property
    def wrapper(self) -> str:
        """Folders, ending in a slash, around the classes' folders of an archive; else ""."""

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted."""

    def entries(self, start: str = "") -> Iterator[Entry]:
        """Yield the files from the name `start` on, looked at one by one."""

    def digests(self, entries: Sequence[Entry], *, remember: bool) -> list[str]:
        """Return a text for each entry that is equal only for equal content.

        Args:
            remember: keep what was computed for the next time; `entries` are then all there are.
        """

    def contents(self, entries: Sequence[Entry], digests: Sequence[str]) -> Iterator[bytes | None]:
        """Yield what each file holds, in order; None for one above `LARGEST_FILE`.

        Raises:
            DataError: a file is gone, or no longer as it was listed.
        """

    def note(self) -> bytes | None:
        """Return what `NOTE` of the outermost folder holds; None without one."""

    def check_settled(self, entries: Sequence[Entry]) -> None:
        """Raise `DataError` where a file changed since it was listed and `contents` cannot tell."""
