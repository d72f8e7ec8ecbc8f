"""`RemoteBackend`: a store on any fsspec file system that is not this machine's disk.

Object stores publish a put as a whole or not at all. What fails for reasons that may pass is
repeated here, for a bounded time; what cannot pass is told at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from millrace.artifacts.entry import Entry, modified
from millrace.artifacts.failures import disk_failure, disk_is_full
from millrace.artifacts.part_file import part_file
from millrace.artifacts.refusals import refusal
from millrace.errors import IntegrityError, MillraceError, TransientError

PAUSES = (0.2, 1.0, 5.0)
"""Seconds before each repetition of an operation that failed."""

PATIENCE = 20.0
"""Seconds after which a failed operation is not repeated any more."""

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class RemoteBackend:
    """File operations below a root of an fsspec file system; see `Backend`."""

    local_root: Path | None = None

    def __init__(self, fs: Any, root: str, uri: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")
        self._uri = uri.rstrip("/")

    def read(self, name: str) -> bytes | None:
        """Return the content, or None where there is nothing of that name."""
        return self._unless_missing(name, lambda: bytes(self._fs.cat_file(self._path(name))))

    def size(self, name: str) -> int | None:
        """Return the size in bytes, or None."""
        return self._unless_missing(name, lambda: int(self._fs.info(self._path(name))["size"]))

    def write(self, name: str, data: bytes) -> None:
        """Write atomically; replaces."""
        self._try(name, lambda: self._fs.pipe_file(self._path(name), data))

    def create(self, name: str, data: bytes) -> bool:
        """Write atomically unless the name exists; return whether this call made it.

        Where an answer was lost on its way, False may mean that an earlier attempt of this same
        call made it.
        """
        try:
            self._try(name, lambda: self._fs.pipe_file(self._path(name), data, mode="create"))
        except FileExistsError:
            return False
        return True

    def upload(self, name: str, path: Path) -> None:
        """Copy a local file to `name`, atomically; replaces."""
        self._try(name, lambda: self._fs.put_file(str(path), self._path(name)))

    @contextmanager
    def staging(self, area: str, folder: Path) -> Iterator[Path]:  # noqa: ARG002 - it is local
        """Give an empty file of `folder`, gone on leaving."""
        with part_file(folder) as part:
            yield part

    def adopt(self, path: Path, name: str) -> None:
        """Copy a file of `staging` to `name`, atomically; replaces."""
        self.upload(name, path)

    def download(self, name: str, path: Path) -> None:
        """Copy `name` to a local file."""
        self._try(name, lambda: self._fs.get_file(self._path(name), str(path)), path)

    def names(self, prefix: str) -> Iterator[str]:
        """Yield all names below `prefix`, sorted."""
        start = len(self._root) + 1
        found = self._try(prefix, lambda: sorted(self._fs.find(self._path(prefix))))
        for path in found:
            yield path[start:]

    def remove_tree(self, prefix: str) -> None:
        """Remove all below `prefix`; nothing there is fine."""
        with suppress(IntegrityError):
            self._try(prefix, lambda: self._fs.rm(self._path(prefix), recursive=True))

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all files below `prefix`, in any order."""
        start = len(self._root) + 1
        found = self._try(prefix, lambda: self._fs.find(self._path(prefix), detail=True))
        for path, info in found.items():
            if info.get("type") != "directory":  # what s3fs finds where there is nothing
                yield Entry(path[start:], int(info["size"]), modified(info))

    def remove(self, names: Sequence[str]) -> None:
        """Remove files; one that is not there is fine."""
        paths = [self._path(name) for name in names]
        with suppress(IntegrityError):
            self._try(", ".join(names[:1]), lambda: self._fs.rm(paths))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _unless_missing(self, name: str, work: Callable[[], Result]) -> Result | None:
        try:
            return self._try(name, work)
        except IntegrityError:
            return None

    def _try(self, name: str, work: Callable[[], Result], local: Path | None = None) -> Result:
        """Do `work`, again after a while where that may help; `FileExistsError` passes.

        Args:
            name: of what it works on. work: a request.
            local: the file that it writes here, if it does.

        Raises:
            IntegrityError: there is nothing of that name.
            SpecError: the store refuses, and would again.
            TransientError: it did not answer in all this time.
        """
        end = time.monotonic() + PATIENCE
        pauses = iter(PAUSES)
        while True:
            try:
                return work()
            except FileExistsError:
                raise
            except Exception as error:
                failure = self._failure(error, name, local)
                pause = next(pauses, PATIENCE)
                passing = isinstance(failure, TransientError) and not disk_is_full(error)
                if not passing or time.monotonic() + pause > end:
                    raise failure from error
                log.warning("%s It is tried again in %.1f s.", failure, pause)
                time.sleep(pause)

    def _failure(self, error: Exception, name: str, local: Path | None) -> MillraceError:
        """Translate what a client library raised; they share no base class."""
        where = f"{self._uri}/{name}"
        known = refusal(error, where)
        if known is not None:
            return known
        if isinstance(error, FileNotFoundError):
            return IntegrityError("an object is missing", where=where)
        if isinstance(error, OSError) and error.filename:  # of the local side of a copy
            return disk_failure(error, error.filename)
        if local is not None and disk_is_full(error):
            return disk_failure(error, local)
        return TransientError("the store does not answer", where=where, received=error)
