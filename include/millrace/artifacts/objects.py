"""`Objects`: contents by their digest, put once and verified whenever they are read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from millrace.artifacts.backend import Backend
from millrace.artifacts.digests import digest_file
from millrace.artifacts.failures import disk_answers
from millrace.artifacts.manifest import FileEntry
from millrace.errors import IntegrityError

_SMALL = 256 << 10  # bytes; a remote store is sent such a file without being asked for it before
_AT_ONCE = 8  # files that are on their way
_REMEDY = "Force the stage that made it, so that it is made again."

Item = TypeVar("Item")
Result = TypeVar("Result")


class Objects:
    """The objects of a store.

    Args:
        backend: of the store.
        cache: local folder for verified copies of remote objects; unused by a local backend. Any
            number of processes may share it, and anything in it may be removed at any time.
    """

    def __init__(self, backend: Backend, cache: Path) -> None:
        self._backend = backend
        self._cache = cache
        self._verified: dict[str, tuple[int, int, int]] = {}

    def put(self, path: Path, *, again: bool = False) -> FileEntry:
        """Store the content of a local file; see `Store.put`."""
        entry = FileEntry(sha256=digest_file(path), bytes=path.stat().st_size)
        name = object_name(entry.sha256)
        if again or not self._has(entry, name, path):
            self._backend.upload(name, path)
            if self._backend.local_root is not None:
                self._verified[entry.sha256] = _identity(self._backend.local_root / name)
        return entry

    def put_all(self, paths: Sequence[Path], *, again: bool = False) -> list[FileEntry]:
        """Store many files, several at once; return their entries in the same order."""
        return _all(lambda path: self.put(path, again=again), paths)

    def complete(self, entries: Iterable[FileEntry]) -> bool:
        """Whether all objects are there with their sizes; a cheap look."""
        sizes = [(object_name(entry.sha256), entry.bytes) for entry in entries]
        return all(_all(lambda one: self._backend.size(one[0]) == one[1], sizes))

    def local(self, entry: FileEntry) -> Path:
        """Return a local path of a verified object; see `Store.local`."""
        name = object_name(entry.sha256)
        if self._backend.local_root is not None:
            path = self._backend.local_root / name
            self._verify(path, entry)
            return path
        path = self._cache / name
        try:
            self._verify(path, entry)
        except IntegrityError:  # not there, or a damaged copy; twice damaged is no accident
            self._download(name, path)
            self._verify(path, entry)
        return path

    def fetch(self, entries: Iterable[FileEntry]) -> list[Path]:
        """Return verified local paths of many objects, several on their way at once."""
        return _all(self.local, entries)

    def _has(self, entry: FileEntry, name: str, path: Path) -> bool:
        """Whether an object is there. Asking a remote store for a small one brings it there."""
        small = self._backend.local_root is None and entry.bytes <= _SMALL
        if small and self._backend.create(name, path.read_bytes()):
            return True
        return self._backend.size(name) == entry.bytes and self._intact(entry, name)

    def _intact(self, entry: FileEntry, name: str) -> bool:
        """Whether a local object can be trusted to be kept; remote stores verify on read."""
        if self._backend.local_root is None:
            return True
        try:
            self._verify(self._backend.local_root / name, entry)
        except IntegrityError:
            return False
        return True

    def _download(self, name: str, path: Path) -> None:
        with disk_answers(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
            os.close(handle)
            try:
                self._backend.download(name, Path(part))
                os.replace(part, path)
            finally:
                Path(part).unlink(missing_ok=True)

    def _verify(self, path: Path, entry: FileEntry) -> None:
        """Compare a file with its digest, unless this process has done so since it changed."""
        try:
            with disk_answers(path):
                seen = _identity(path)
                if self._verified.get(entry.sha256) == seen:
                    return
                received = digest_file(path)
        except FileNotFoundError as error:
            raise IntegrityError("an object is missing", where=path, remedy=_REMEDY) from error
        if received != entry.sha256:
            raise IntegrityError(
                "an object is damaged",
                where=path,
                expected=entry.sha256,
                received=received,
                remedy=_REMEDY,
            )
        self._verified[entry.sha256] = seen


def object_name(sha256: str) -> str:
    """Return the name of an object in its store."""
    return f"objects/{sha256[:2]}/{sha256}"


def _all(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Return what `work` makes of each item, several at once where there are several."""
    listed = list(items)
    if len(listed) < 2:
        return [work(one) for one in listed]
    with ThreadPoolExecutor(min(_AT_ONCE, len(listed))) as pool:
        return list(pool.map(work, listed))


def _identity(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written or replaced."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
