"""A small disk for tests: a tmpfs that can be filled, emptied and made read-only. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_BLOCK = 4096


@dataclass(frozen=True)
class SmallDisk:
    """A mounted disk; everything below `path` is on it."""

    path: Path

    def fill(self, leave: int = 0) -> None:
        """Take all space but `leave` bytes."""
        with (self.path / "ballast").open("wb", buffering=0) as file:
            state = os.statvfs(self.path)
            os.posix_fallocate(file.fileno(), 0, max(state.f_bavail * state.f_bsize - leave, 1))

    def empty(self) -> None:
        """Give the space back."""
        (self.path / "ballast").unlink(missing_ok=True)

    def remount(self, how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of that size at `path`; skip the test where that is not allowed."""
    path.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip()
    except FileNotFoundError as error:
        reason = str(error)
    if reason:
        pytest.skip(f"a small disk cannot be mounted here: {reason}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
