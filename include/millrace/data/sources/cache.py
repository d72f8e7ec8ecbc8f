"""The local cache of sources: files that can be made again, each there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder(kind: str) -> Path:
    """Return a folder of ``MILLRACE_HOME``, or of the temporary folder where that is not set."""
    home = os.environ.get("MILLRACE_HOME")
    root = Path(home) if home else Path(tempfile.gettempdir(), f"millrace-{os.getuid()}")
    folder = root / kind
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


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
