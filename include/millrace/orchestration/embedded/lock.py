"""`lock`: one `up` or `down` at a time on one installation."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Hold `file` locked; wait for another holder. The lock ends with the process, however."""
    with file.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
