"""The few file operations that a store needs, on a local disk and on any fsspec file system.

They differ in one thing only: how a name is published so that the first writer wins. On a disk that
is a hard link of a finished temporary file; on an object store it is a conditional put.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from millrace.artifacts import s3
from millrace.artifacts.entry import Entry
from millrace.artifacts.failures import disk_answers
from millrace.artifacts.file_system import open_file_system
from millrace.artifacts.part_file import part_file
from millrace.artifacts.remote import RemoteBackend

__all__ = ["Backend", "Entry", "LocalBackend", "open_backend"]


_NOTHING: Mapping[str, str] = {}


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

    def staging(self, area: str, folder: Path) -> AbstractContextManager[Path]:
        """Give an empty local file that `adopt` can publish, gone on leaving.

        Args:
            area: folder of the store that it is for; it lies there where the store is a disk.
            folder: for it elsewhere.
        """

    def adopt(self, path: Path, name: str) -> None:
        """Publish a file of `staging` as `name`, atomically; replaces."""

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


def open_backend(uri: str, access: Mapping[str, str] = _NOTHING) -> Backend:
    """Return the backend for a store URI; raise `SpecError` where its extra is not installed.

    Args:
        access: options of an S3 client (``key``, ``secret``, ``token``, ``endpoint_url``) that
            replace what AWS's own variables say.
    """
    fs, root = open_file_system(uri, access)
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    if "file" in protocols:
        return LocalBackend(Path(root))
    return s3.S3Backend(fs, root, uri) if "s3" in protocols else RemoteBackend(fs, root, uri)


class LocalBackend:
    """A folder of a local or shared disk."""

    def __init__(self, root: Path) -> None:
        self.local_root: Path | None = root
        self._root = root

    def read(self, name: str) -> bytes | None:
        with suppress(FileNotFoundError), disk_answers(self._root / name):
            return (self._root / name).read_bytes()
        return None

    def size(self, name: str) -> int | None:
        with suppress(FileNotFoundError), disk_answers(self._root / name):
            return (self._root / name).stat().st_size
        return None

    def write(self, name: str, data: bytes) -> None:
        with _part(self._root / name) as part:
            part.write_bytes(data)
            _sync(part)
            os.replace(part, self._root / name)

    def create(self, name: str, data: bytes) -> bool:
        with _part(self._root / name) as part:
            part.write_bytes(data)
            _sync(part)
            try:
                os.link(part, self._root / name)
            except FileExistsError:
                return False
            return True

    def upload(self, name: str, path: Path) -> None:
        with _part(self._root / name) as part:
            shutil.copyfile(path, part)
            part.chmod(0o444)
            _sync(part)
            os.replace(part, self._root / name)

    def staging(
        self,
        area: str,
        folder: Path,  # noqa: ARG002 - a file of another disk could not be renamed
    ) -> AbstractContextManager[Path]:
        return _part(self._root / area / "staged")

    def adopt(self, path: Path, name: str) -> None:
        target = self._root / name
        with disk_answers(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.chmod(0o444)
            _sync(path)
            os.replace(path, target)

    def download(self, name: str, path: Path) -> None:
        with disk_answers(path):
            shutil.copyfile(self._root / name, path)

    def names(self, prefix: str) -> Iterator[str]:
        for path in sorted((self._root / prefix).rglob("*")):
            if path.is_file() and not path.name.startswith(".part-"):
                yield path.relative_to(self._root).as_posix()

    def remove_tree(self, prefix: str) -> None:
        shutil.rmtree(self._root / prefix, ignore_errors=True)

    def entries(self, prefix: str) -> Iterator[Entry]:
        def fail(error: OSError) -> None:  # what is not seen would count as gone
            if not isinstance(error, FileNotFoundError):
                raise error

        with disk_answers(self._root / prefix):
            for folder, _, files in os.walk(self._root / prefix, onerror=fail, followlinks=True):
                for file in files:
                    path = Path(folder, file)
                    with suppress(FileNotFoundError):
                        stat = path.lstat()
                        name = path.relative_to(self._root).as_posix()
                        yield Entry(name, stat.st_size, stat.st_mtime)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            with disk_answers(self._root / name):
                (self._root / name).unlink(missing_ok=True)


@contextmanager
def _part(target: Path) -> Iterator[Path]:
    """Give a temporary file beside its target, removed on leaving if it is still there."""
    with disk_answers(target), part_file(target.parent) as part:
        yield part


def _sync(path: Path) -> None:
    """Flush a file to the disk, so that a published name never has less than its content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
