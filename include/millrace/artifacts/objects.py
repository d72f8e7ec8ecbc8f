"""`Objects`: contents by their digest, put once and verified whenever they are read.

Sealed objects lie apart, encrypted, each with the document of its data key; they too are named by
the digest of what they hold, which manifests and the catalog show in any case.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from millrace.artifacts.backend import Backend
from millrace.artifacts.digests import digest_file
from millrace.artifacts.failures import disk_answers
from millrace.artifacts.manifest import FileEntry
from millrace.artifacts.sealing.private_folder import private_folder
from millrace.artifacts.sealing.vault import Vault
from millrace.errors import IntegrityError

_SMALL = 256 << 10  # bytes; a remote store is sent such a file without being asked for it before
_AT_ONCE = 8  # files that are on their way
_REMEDY = "Force the stage that made it, so that it is made again."

SEALED = "sealed"
"""Folder of sealed objects, in a store and in a cache."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class Objects:
    """The objects of a store.

    Args:
        backend: of the store.
        cache: local folder for verified copies of remote objects; unused by a local backend. Any
            number of processes may share it, and anything in it may be removed at any time.
        vault: of sealed objects, whose decrypted copies the cache holds, of a local backend too.
        seals: whether what is put is sealed.
    """

    def __init__(self, backend: Backend, cache: Path, vault: Vault, *, seals: bool) -> None:
        self._backend = backend
        self._cache = cache
        self._vault = vault
        self._seals = seals
        self._verified: dict[str, tuple[int, int, int]] = {}

    def put(self, path: Path, *, again: bool = False) -> FileEntry:
        """Store the content of a local file; see `Store.put`."""
        if self._seals:
            return self._put_sealed(path, again=again)
        entry = FileEntry(sha256=digest_file(path), bytes=path.stat().st_size)
        name = _name_of(entry)
        if again or not self._has(entry, name, path):
            self._backend.upload(name, path)
            if self._backend.local_root is not None:
                self._verified[entry.sha256] = _identity(self._backend.local_root / name)
        return entry

    def _put_sealed(self, path: Path, *, again: bool) -> FileEntry:
        size = path.stat().st_size
        kept = None if again else partial(self._intact_sealed, size)
        digest = self._vault.write(path, lambda digest: f"{SEALED}/{digest[:2]}/{digest}", kept)
        entry = FileEntry(sha256=digest, bytes=size, sealed=True)
        if self._backend.local_root is not None:
            name = _name_of(entry)
            self._verified[name] = _identity(self._backend.local_root / name)
        return entry

    def put_all(self, paths: Sequence[Path], *, again: bool = False) -> list[FileEntry]:
        """Store many files, several at once; return their entries in the same order."""
        return _all(lambda path: self.put(path, again=again), paths)

    def complete(self, entries: Iterable[FileEntry]) -> bool:
        """Whether all objects are there with their sizes; a cheap look."""
        return all(_all(self._is_there, entries))

    def local(self, entry: FileEntry) -> Path:
        """Return a local path of a verified object; see `Store.local`."""
        name = _name_of(entry)
        if entry.sealed:
            return self._decrypted(entry, name)
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

    def _decrypted(self, entry: FileEntry, name: str) -> Path:
        """Return the decrypted copy of a sealed object, in a folder of this user's only."""
        folder = private_folder(self._cache / SEALED)
        path = self._cache / name
        with suppress(IntegrityError):  # not there, or a damaged copy
            self._verify(path, entry)
            return path
        with disk_answers(folder):
            path.parent.mkdir(exist_ok=True)
        self._vault.read(name, path)
        with suppress(FileNotFoundError):
            self._verified[entry.sha256] = _identity(path)
        return path

    def fetch(self, entries: Iterable[FileEntry]) -> list[Path]:
        """Return verified local paths of many objects, several on their way at once."""
        return _all(self.local, entries)

    def _is_there(self, entry: FileEntry) -> bool:
        if entry.sealed:
            return self._vault.holds(_name_of(entry), entry.bytes)
        return self._backend.size(_name_of(entry)) == entry.bytes

    def _intact_sealed(self, size: int, name: str) -> bool:
        """Whether a sealed object can be trusted to be kept; remote ones are verified on read."""
        if not self._vault.holds(name, size):
            return False
        if self._backend.local_root is None:
            return True
        seen = _identity(self._backend.local_root / name)
        if self._verified.get(name) == seen:
            return True
        try:
            self._vault.verify(name)
        except IntegrityError:
            return False
        self._verified[name] = seen
        return True

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
        _check(received, entry, path)
        self._verified[entry.sha256] = seen


def _name_of(entry: FileEntry) -> str:
    """Return the name of an object in its store."""
    area = SEALED if entry.sealed else "objects"
    return f"{area}/{entry.sha256[:2]}/{entry.sha256}"


def _check(received: str, entry: FileEntry, where: object) -> None:
    if received != entry.sha256:
        raise IntegrityError(
            "an object is damaged",
            where=where,
            expected=entry.sha256,
            received=received,
            remedy=_REMEDY,
        )


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
