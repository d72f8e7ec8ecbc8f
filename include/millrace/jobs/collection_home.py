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

from millrace.jobs.retention import Retention

_CACHES = ("sources", "unpacked", "digests", "cache")
_DAY = 24 * 3600.0  # seconds


@dataclass(frozen=True)
class Leftover:
    """A file or folder of the home that nothing uses."""

    kind: Literal["lock", "scratch", "cache"]
    path: Path
    bytes: int


def leftovers(home: Path, retention: Retention) -> list[Leftover]:
    """Return what can go: locks and scratch after a day or the grace, cached files after their days.

    Args:
        home: ``MILLRACE_HOME``; need not exist.
    """
    now = time.time()
    settled = now - max(retention.grace_seconds, _DAY)  # a job at work has written something since
    unread = now - retention.cache * _DAY
    found = [Leftover("lock", path, 0) for path in _locks(home / "locks", settled)]
    found += [
        Leftover("scratch", folder, sum(size for _, size in _files(folder)))
        for folder in sorted((home / "scratch").glob("*"))
        if _changed(folder) < settled
    ]
    for name in _CACHES:
        for path, size in _files(home / name):
            if _used(path) < unread:
                found.append(Leftover("cache", path, size))
    return found


def remove_leftovers(found: Sequence[Leftover]) -> int:
    """Remove them and return the bytes that were freed."""
    for one in found:
        if one.kind == "scratch" and one.path.is_dir() and not one.path.is_symlink():
            shutil.rmtree(one.path, ignore_errors=True)
        elif one.kind != "lock" or _free(one.path):
            one.path.unlink(missing_ok=True)
    return sum(one.bytes for one in found)


def _locks(folder: Path, before: float) -> Iterator[Path]:
    for path in sorted(folder.glob("*.lock")):
        if _changed(path) < before and _free(path):
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


def _changed(path: Path) -> float:
    """Return when anything in a folder changed last; now, where it is just being removed."""
    try:
        inner = path.rglob("*") if path.is_dir() and not path.is_symlink() else ()
        times: list[float] = [one.lstat().st_mtime for one in (path, *inner)]
        return max(times)
    except FileNotFoundError:
        return time.time()
