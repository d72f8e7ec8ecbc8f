"""What lies in this host's folder without use: old locks, scratch folders, files of the caches.

All of it can be made again; so age decides, and nothing that is in use is touched.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from millrace.data.sources.cache import CACHES
from millrace.jobs.retention import Retention
from millrace.jobs.scratch import unused_folders
from millrace.lock_files import remove_free

_DAY = 24 * 3600.0  # seconds


@dataclass(frozen=True)
class Leftover:
    """A file or folder of the home that nothing uses."""

    kind: Literal["lock", "scratch", "cache"]
    path: Path
    bytes: int


def leftovers(home: Path, retention: Retention) -> list[Leftover]:
    """Return what can go: locks and scratch after a day or the grace, cached files later.

    Args:
        home: ``MILLRACE_HOME``; need not exist.
    """
    now = time.time()
    settled = now - max(retention.grace_seconds, _DAY)  # a job at work has written something since
    unread = now - retention.cache * _DAY
    found = [Leftover("lock", path, 0) for path in _locks(home / "locks", settled)]
    found += [
        Leftover("scratch", folder, sum(size for _, size in _files(folder)))
        for folder in unused_folders(home / "scratch", settled)
    ]
    for name in (*CACHES, "cache"):  # the last: of the store
        for path, size in _files(home / name):
            if _used(path) < unread:
                found.append(Leftover("cache", path, size))
    return found


def remove_leftovers(found: Sequence[Leftover]) -> int:
    """Remove them and return the bytes that were freed."""
    for one in found:
        if one.kind == "scratch":
            shutil.rmtree(one.path, ignore_errors=True)
        elif one.path.suffix == ".lock" or one.path.name == ".lock":
            remove_free(one.path)
        else:
            one.path.unlink(missing_ok=True)
    return sum(one.bytes for one in found)


def _locks(folder: Path, before: float) -> Iterator[Path]:
    for path in sorted(folder.glob("*.lock")):
        if _used(path) < before and _free(path):
            yield path


def _free(path: Path) -> bool:
    """Whether nobody holds a lock file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in sorted(folder.rglob("*")):
        try:
            if path.is_file() and not path.is_symlink():
                yield path, path.stat().st_size
        except FileNotFoundError:
            continue


def _used(path: Path) -> float:
    """Return when a file was read or written last; now, where it is just being removed."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return time.time()
    return max(stat.st_atime, stat.st_mtime)
