"""`LocalTree`: the files below a local folder. Follows no link out of it, and never writes."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from millrace.artifacts.digests import digest_bytes
from millrace.data.sources.listing import LARGEST_FILE, NOTE, Entry
from millrace.data.sources.listing_digests import FolderDigests, version_of
from millrace.data.sources.listing_errors import changed, unreadable
from millrace.data.sources.listing_names import is_hidden, is_picture, record_name
from millrace.errors import DataError

_LARGEST_NOTE = (256 << 20) + 1  # bytes; a longer one is refused by its length


class LocalTree:
    """A folder and its subfolders.

    A link to a file of the folder is that file under another name. A link to a subfolder is
    followed, but links within it are not; one to a folder around it is left out.
    """

    wrapper = ""

    def __init__(self, root: Path, pattern: str | None) -> None:
        self._root = Path(os.path.realpath(root))
        self._pattern = pattern
        self._known = FolderDigests(self._root, pattern)
        self.ignored = 0

    def names(self) -> Sequence[str]:
        """Return the names of all files, sorted."""
        return [name for name, _ in self._found]

    def entries(self, start: str = "") -> Iterator[Entry]:
        """Yield the files from the name `start` on, looked at one by one."""
        for name, path in self._found[bisect_left(self._found, (start, "")) :]:
            try:
                stat = os.stat(path)  # noqa: PTH116 (a Path would cost as much again)
            except OSError as error:
                raise unreadable(name, error) from error
            yield Entry(name, path, stat.st_size, version_of(stat))

    def digests(self, entries: Sequence[Entry], *, remember: bool) -> list[str]:
        """Return the SHA-256 of each file."""
        return self._known.of(entries, remember=remember)

    def contents(self, entries: Sequence[Entry], digests: Sequence[str]) -> Iterator[bytes | None]:
        """Yield what each file holds."""
        for entry, digest in zip(entries, digests, strict=True):
            content = None if entry.size > LARGEST_FILE else _read(entry)
            if content is not None and digest_bytes(content) != digest:
                raise changed(entry.name, digest, digest_bytes(content))
            yield content

    def note(self) -> bytes | None:
        """Return the labels in the folder itself."""
        path = self._root / NOTE
        if not path.is_file():
            return None
        self._inside(str(path), NOTE)
        with path.open("rb") as file:
            return file.read(_LARGEST_NOTE)

    def check_settled(self, entries: Sequence[Entry]) -> None:
        """Do nothing: `contents` compares every file with its digest."""

    @cached_property
    def _found(self) -> list[tuple[str, str]]:
        """The names and paths of all files, sorted by name."""
        self.ignored = 0
        found: list[tuple[str, str]] = []
        waiting = [_Folder(str(self._root), "", (str(self._root),))]
        while waiting:
            folder = waiting.pop()
            for entry in _scan(folder):
                name = folder.prefix + entry.name
                link = entry.is_symlink()
                if is_hidden(entry.name):
                    continue
                if _is(entry.is_dir):
                    path = self._inside(entry.path, name) if link else entry.path
                    waiting.extend(self._below(folder, path, name, link))
                elif is_picture(name, self._pattern) and (
                    _is(entry.is_file) or _leads_nowhere(entry)
                ):
                    path = self._inside(entry.path, name) if link else entry.path
                    found.append((record_name(name), path))
                else:
                    self.ignored += 1
        return sorted(found)

    def _below(self, folder: _Folder, path: str, name: str, link: bool) -> Iterator[_Folder]:
        """Yield the subfolder at `path`, unless it lies behind a second link, or around."""
        if link and (folder.linked or path in folder.around):
            self.ignored += 1
            return
        yield _Folder(path, f"{name}/", (*folder.around, path), folder.linked or link)

    def _inside(self, path: str, name: str) -> str:
        """Return where a link ends; raise `DataError` where that is outside the folder."""
        real = os.path.realpath(path)
        inside = real.startswith(f"{str(self._root).rstrip('/')}/")
        if not ((inside or real == str(self._root)) and os.path.exists(real)):  # noqa: PTH110
            raise DataError(
                "a link leads out of the source's folder" if not inside else "a link leads nowhere",
                where=record_name(name),
                expected="links to files of the folder",
                remedy="Copy the file into the folder, or remove the link.",
            )
        return real


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder to look into; `around` are it and the folders above it."""

    path: str
    prefix: str
    around: tuple[str, ...]
    linked: bool = False


def _scan(folder: _Folder) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder.path) as found:
            return list(found)
    except OSError as error:
        raise unreadable(record_name(folder.prefix) or folder.path, error) from error


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link to itself is of none."""
    try:
        return kind()
    except OSError:
        return False


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link to nothing; one to a pipe is a file of another kind."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110


def _read(entry: Entry) -> bytes:
    """Return a file's content, of which no more is read than there was when it was listed."""
    try:
        with Path(entry.place).open("rb") as file:
            return file.read(entry.size + 1)
    except OSError as error:
        raise unreadable(entry.name, error) from error
