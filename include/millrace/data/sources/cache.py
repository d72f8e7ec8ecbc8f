"""The local cache of sources: files that can be made again, each there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millrace.errors import SpecError


def cache_folder(kind: str) -> Path:
    """Return a folder of ``MILLRACE_HOME``, or of the temporary folder where that is not set.

    Raises:
        SpecError: the folder in the temporary folder belongs to somebody else.
    """
    home = os.environ.get("MILLRACE_HOME")
    folder = (Path(home) if home else _own_temporary()) / kind
    folder.mkdir(parents=True, exist_ok=True)
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
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
