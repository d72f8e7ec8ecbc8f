"""The local cache of sources: files that can be made again, each there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path

from millrace.errors import SpecError
from millrace.lock_files import take
from millrace.settings import Settings

CACHES: Mapping[str, str] = {
    "sources": "copies of remote files; a folder for each version of a URI",
    "unpacked": "content of compressed files, by the digest of the compressed one",
    "digests": "digests of local files, by their stat",
}
"""The kinds of cached files and what they hold. All can be made again; nothing refers to one."""

PART = ".partial"
"""Name of a download that is not finished; what it holds is used by the next attempt."""


_PRIVATE: ContextVar[Path | None] = ContextVar("private cache", default=None)


@contextmanager
def cached_in(folder: Path) -> Iterator[None]:
    """Let caches of this block, and of no other thread, be in `folder` and nowhere else."""
    token = _PRIVATE.set(folder)
    try:
        yield
    finally:
        _PRIVATE.reset(token)


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a folder of this user's alone, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="millrace-private-") as folder:
        yield Path(folder)


def cache_folder(kind: str) -> Path:
    """Return the folder of one of `CACHES` in the home, or in the temporary folder where the home
    cannot be written.

    Raises:
        SpecError: the folder in the temporary folder belongs to somebody else.
    """
    private = _PRIVATE.get()
    if private is not None:
        (private / kind).mkdir(exist_ok=True)
        return private / kind
    folder = Settings.load().home / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    folder = _own_temporary() / kind
    folder.mkdir(exist_ok=True)
    return folder


def _own_temporary() -> Path:
    """Return a folder that nobody else can have put files into."""
    root = Path(tempfile.gettempdir(), f"millrace-{os.getuid()}")
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise SpecError(
            "the cache of sources belongs to somebody else",
            where=root,
            remedy="Set MILLRACE_HOME to a folder of your own.",
        )
    return root


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which takes its place where the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        finish_file(part, path)
    finally:
        part.unlink(missing_ok=True)


def finish_file(part: Path, path: Path) -> None:
    """Give a file that is complete its name, once its content is on the disk."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder and hold its lock; wait for whoever holds it on this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    file = take(folder / ".lock", wait=True)
    with file or nullcontext():
        yield
