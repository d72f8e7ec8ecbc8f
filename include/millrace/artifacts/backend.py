"""The few file operations that a store needs, on a local disk and on any fsspec file system.

They differ in one thing only: how a name is published so that the first writer wins. On a disk that
is a hard link of a finished temporary file; on an object store it is a conditional put.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import fsspec

from millrace.errors import IntegrityError, SpecError, TransientError


@dataclass(frozen=True)
class Entry:
    """A file of a store.

    Attributes:
        name: relative to the root, with ``/``. bytes: its size.
        modified: when it was written, by the store's own clock; seconds since the epoch.
    """

    name: str
    bytes: int
    modified: float


class Backend(Protocol):
    """File operations under a root. Names are relative, with ``/``."""

    local_root: Path | None

    def read(self, name: str) -> bytes | None:
        """Return the content, or None where there is nothing of that name."""

    def size(self, name: str) -> int | None:
        """Return the size in bytes, or None."""

    def write(self, name: str, data: bytes) -> None:
        """Write atomically; replaces."""

    def create(self, name: str, data: bytes) -> bool:
        """Write atomically unless the name exists; return whether this call made it."""

    def upload(self, name: str, path: Path) -> None:
        """Copy a local file to `name`, atomically; replaces."""

    def download(self, name: str, path: Path) -> None:
        """Copy `name` to a local file."""

    def names(self, prefix: str) -> Iterator[str]:
        """Yield all names below `prefix`, sorted."""

    def remove_tree(self, prefix: str) -> None:
        """Remove all below `prefix`; nothing there is fine."""

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all files below `prefix`, unfinished temporary ones too, in any order."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove files; one that is not there is fine."""


def open_backend(uri: str) -> Backend:
    """Return the backend for a store URI; raise `SpecError` where its extra is not installed."""
    try:
        fs, root = fsspec.core.url_to_fs(uri)
    except (ImportError, ValueError) as error:
        raise SpecError(
            "the store cannot be opened",
            where=uri,
            received=error,
            remedy="Install the extra for this kind of store, e.g. `pip install millrace[s3]`.",
        ) from error
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return LocalBackend(Path(root)) if "file" in protocols else RemoteBackend(fs, root)


class LocalBackend:
    """A folder of a local or shared disk."""

    def __init__(self, root: Path) -> None:
        self.local_root: Path | None = root
        self._root = root

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, name: str) -> int | None:
        try:
            return (self._root / name).stat().st_size
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        with _Part(self._root / name) as part:
            part.write_bytes(data)
            _sync(part)
            os.replace(part, self._root / name)

    def create(self, name: str, data: bytes) -> bool:
        with _Part(self._root / name) as part:
            part.write_bytes(data)
            _sync(part)
            try:
                os.link(part, self._root / name)
            except FileExistsError:
                return False
            return True

    def upload(self, name: str, path: Path) -> None:
        with _Part(self._root / name) as part:
            shutil.copyfile(path, part)
            part.chmod(0o444)
            _sync(part)
            os.replace(part, self._root / name)

    def download(self, name: str, path: Path) -> None:
        shutil.copyfile(self._root / name, path)

    def names(self, prefix: str) -> Iterator[str]:
        for path in sorted((self._root / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith(".part-"):
                yield path.relative_to(self._root).as_posix()

    def remove_tree(self, prefix: str) -> None:
        shutil.rmtree(self._root / prefix, ignore_errors=True)

    def entries(self, prefix: str) -> Iterator[Entry]:
        for folder, _, files in os.walk(self._root / prefix):
            for file in files:
                path = Path(folder, file)
                with suppress(FileNotFoundError):
                    stat = path.lstat()
                    name = path.relative_to(self._root).as_posix()
                    yield Entry(name, stat.st_size, stat.st_mtime)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            (self._root / name).unlink(missing_ok=True)


class RemoteBackend:
    """Any other fsspec file system. Object stores publish a put as a whole or not at all."""

    local_root: Path | None = None

    def __init__(self, fs: Any, root: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")

    def read(self, name: str) -> bytes | None:
        with _answers(name):
            try:
                return bytes(self._fs.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        with _answers(name):
            try:
                self._fs.invalidate_cache()
                return int(self._fs.info(self._path(name))["size"])
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes) -> None:
        with _answers(name):
            self._fs.pipe_file(self._path(name), data)

    def create(self, name: str, data: bytes) -> bool:
        with _answers(name):
            try:
                self._fs.pipe_file(self._path(name), data, mode="create")
            except FileExistsError:
                return False
            return True

    def upload(self, name: str, path: Path) -> None:
        with _answers(name):
            self._fs.put_file(str(path), self._path(name))

    def download(self, name: str, path: Path) -> None:
        with _answers(name):
            self._fs.get_file(self._path(name), str(path))

    def names(self, prefix: str) -> Iterator[str]:
        start = len(self._root) + 1
        with _answers(prefix):
            found = sorted(self._fs.find(self._path(prefix)))
        for path in found:
            yield path[start:]

    def remove_tree(self, prefix: str) -> None:
        with _answers(prefix), suppress(FileNotFoundError):
            self._fs.rm(self._path(prefix), recursive=True)

    def entries(self, prefix: str) -> Iterator[Entry]:
        start = len(self._root) + 1
        with _answers(prefix):
            self._fs.invalidate_cache()
            found = self._fs.find(self._path(prefix), detail=True)
        for path, info in found.items():
            yield Entry(path[start:], int(info["size"]), _modified(info))

    def remove(self, names: Sequence[str]) -> None:
        with _answers(", ".join(names[:1])), suppress(FileNotFoundError):
            self._fs.rm([self._path(name) for name in names])

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


class _Part:
    """A temporary file beside its target, removed on leaving if it is still there."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> Path:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._target.parent, prefix=".part-")
        os.close(handle)
        self._part = Path(name)
        return self._part

    def __exit__(self, *_: object) -> None:
        self._part.unlink(missing_ok=True)


def _modified(info: Mapping[str, Any]) -> float:
    """Return when a file was written; each kind of store has a word of its own for it."""
    names = ("LastModified", "last_modified", "updated", "mtime", "modification_time", "created")
    value = next((info[name] for name in names if info.get(name) is not None), None)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, int | float):
        return float(value)
    raise SpecError("the store does not tell when its files were written", received=list(info))


def _sync(path: Path) -> None:
    """Flush a file to the disk, so that a published name never has less than its content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _answers(name: str) -> Iterator[None]:
    """Translate what a remote store may raise; its client libraries share no base class."""
    try:
        yield
    except PermissionError as error:
        raise SpecError(
            "the store refuses access",
            where=name,
            received=error,
            remedy="Check the store's credentials and their rights.",
        ) from error
    except FileNotFoundError as error:
        raise IntegrityError("an object is missing", where=name) from error
    except Exception as error:
        raise TransientError("the store does not answer", where=name, received=error) from error
