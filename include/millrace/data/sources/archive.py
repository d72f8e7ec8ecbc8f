"""`ArchiveTree`: the files of a .zip or .tar archive, read where they lie and never extracted.

Nothing of an archive becomes a path on this machine, so what its names say can do no harm; names
that would are refused all the same, because a record must have one true origin.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import takewhile
from operator import attrgetter

from millrace.data.sources.archive_index import ArchiveIndex, remembered
from millrace.data.sources.archive_members import Archive, Member
from millrace.data.sources.files import SourceFile
from millrace.data.sources.listing import LARGEST_FILE, NOTE, Entry
from millrace.data.sources.listing_digests import version_of
from millrace.data.sources.listing_errors import changed
from millrace.data.sources.listing_names import is_hidden, is_picture, record_name
from millrace.data.sources.unpacked import largest_content
from millrace.errors import DataError

_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
_LARGEST_NOTE = 256 << 20  # bytes


class ArchiveTree:
    """An archive's files below a folder of it.

    Refused with a `DataError`: paths that are absolute or go up, two members of one name, a link or
    device in the place of a file, and files that are together larger than a gibibyte and 200
    times their archive.
    """

    def __init__(
        self, archive: Archive, file: SourceFile, folder: str, pattern: str | None
    ) -> None:
        self._archive = archive
        self._file = file
        self._folder = folder.strip("/")
        self._pattern = pattern
        self._version = version_of(file.path.stat())

    @cached_property
    def wrapper(self) -> str:
        """The folders, ending in a slash, that hold the classes' folders of every file."""
        deeper = any("/" in name.removeprefix(self._common) for name in self.names())
        return self._common if deeper else "/".join([*self._common.split("/")[:-2], ""])

    @cached_property
    def _common(self) -> str:
        """The folders, ending in a slash, that hold every file."""
        names = self.names() or [""]
        ends = (names[0].split("/")[:-1], names[-1].split("/")[:-1])
        same = takewhile(lambda pair: pair[0] == pair[1], zip(*ends, strict=False))
        return "".join(f"{part}/" for part, _ in same)

    @property
    def ignored(self) -> int:
        """Number of other files."""
        return self._index.ignored

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted."""
        return [entry.name for entry in self._index.files]

    def entries(self, start: str = "") -> Iterator[Entry]:
        """Yield the files from the name `start` on."""
        yield from self._index.files[
            bisect_left(self._index.files, start, key=attrgetter("name")) :
        ]

    def digests(self, entries: Sequence[Entry], *, remember: bool) -> list[str]:  # noqa: ARG002
        """Return the SHA-256 of the whole archive for each of its files."""
        self._file.verify()
        return [self._file.fingerprint] * len(entries)

    def contents(
        self,
        entries: Sequence[Entry],
        digests: Sequence[str],  # noqa: ARG002
    ) -> Iterator[bytes | None]:
        """Yield what each member holds."""
        with self._archive.opened() as read:
            for entry in entries:
                yield None if entry.size > LARGEST_FILE else read(entry.place, entry.name)

    def note(self) -> bytes | None:
        """Return the labels of the outermost folder, or of one that all files are in."""
        parts = self._common.split("/")[:-1]
        places = ["".join(f"{p}/" for p in parts[:depth]) + NOTE for depth in range(len(parts) + 1)]
        found = next((place for place in places if place in self._index.notes), None)
        if found is None:
            return None
        with self._archive.opened() as read:
            return read(self._index.notes[found], found)

    def check_settled(self, entries: Sequence[Entry]) -> None:
        """Raise `DataError` where the archive was changed while it was read."""
        if entries and self._version != version_of(self._file.path.stat()):
            raise changed(self._file.name, self._version, version_of(self._file.path.stat()))

    @cached_property
    def _index(self) -> ArchiveIndex:
        return remembered([self._file.digest, self._folder, self._pattern], self._listed)

    def _listed(self) -> ArchiveIndex:
        """Look at every member."""
        ignored = 0
        found: dict[str, Entry] = {}
        notes: dict[str, str] = {}
        for member in self._archive.members():
            path = self._path(member)
            name = None if member.is_folder else self._below(path)
            if name is None or any(is_hidden(part) for part in path.split("/")):
                continue
            if is_picture(name, self._pattern):
                self._add(found, member, name)
                continue
            ignored += 1
            if name.endswith(NOTE) and member.is_file and member.size <= _LARGEST_NOTE:
                notes[name] = member.place
        self._check_size(sum(entry.size for entry in found.values()))
        return ArchiveIndex(sorted(found.values(), key=attrgetter("name")), ignored, notes)

    def _add(self, found: dict[str, Entry], member: Member, path: str) -> None:
        if not member.is_file:
            raise self._wrong("holds a link or device instead of a file", path)
        name = record_name(path)
        if name in found:
            raise self._wrong("holds two files of one name", path)
        found[name] = Entry(name, member.place, member.size, "")

    def _path(self, member: Member) -> str:
        """Return a member's path in plain form; raise `DataError` where it leads out."""
        if _ABSOLUTE.match(member.name) or ".." in member.name.split("/"):
            raise self._wrong("has a member whose path leads out of it", member.name)
        return "/".join(part for part in member.name.split("/") if part not in ("", "."))

    def _below(self, path: str) -> str | None:
        """Return a path from the folder on that is read; None where it lies elsewhere."""
        if not self._folder:
            return path
        return (
            path.removeprefix(f"{self._folder}/") if path.startswith(self._folder + "/") else None
        )

    def _check_size(self, size: int) -> None:
        limit = largest_content(self._file)
        if size > limit:
            raise DataError(
                "an archive's files unpack to too much",
                where=self._file.name,
                expected=f"at most {limit:,} bytes",
                received=f"{size:,} bytes",
                remedy="Check where the archive is from; if it is right, give it unpacked.",
            )

    def _wrong(self, problem: str, path: str) -> DataError:
        return DataError(
            f"an archive {problem}",
            where=self._file.name,
            expected="plain files with paths of their own inside the archive",
            received=record_name(path),
            remedy="Pack the folder again, with links followed.",
        )
