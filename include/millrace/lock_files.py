"""Locks that are files: one holder at a time on this host, even where lock files are removed.

The lock is the operating system's, so a killed process releases it. A lock on a file that has lost
its name counts for nothing; so whoever takes one looks whether the name still means that file, and
only the holder removes it.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path


def take(path: Path, *, wait: bool = False) -> TextIOWrapper | None:
    """Return the open file of a lock that is held until it is closed; None where another holds it.

    Args:
        path: made where it is missing; its folder exists.
        wait: for the other holder, however long.
    """
    mode = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, mode)
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        if _is_named(file, path):
            return file
        file.close()


def remove_free(path: Path) -> None:
    """Remove a lock file unless somebody holds it."""
    file = take(path) if path.exists() else None
    if file is not None:
        with closing(file):
            path.unlink(missing_ok=True)


def _is_named(file: TextIOWrapper, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
