"""`preflight`: what the machine must offer before anything is started, each refusal a sentence."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path

from millrace.errors import SpecError, TransientError

PYTHON = (3, 11)
SQLITE = (3, 35, 0)  # RETURNING and upserts, which the catalog needs
STATE_BYTES = 500 * 2**20


def preflight(home: Path) -> None:
    """Check Python, SQLite and the free space at `home`.

    Raises:
        SpecError: a version is too old.
        TransientError: the disk is full.
    """
    _at_least("Python", sys.version_info[:3], PYTHON, "Install a newer Python and run `make demo`.")
    _at_least(
        "SQLite",
        sqlite3.sqlite_version_info,
        SQLITE,
        "Use a Python that was built with a newer SQLite, for example one that `uv` installs.",
    )
    free = shutil.disk_usage(_existing(home)).free
    if free < STATE_BYTES:
        raise TransientError(
            "there is no room for this installation's state",
            where=home,
            expected=f"{STATE_BYTES // 2**20} MiB free",
            received=f"{free // 2**20} MiB",
            remedy="Free some, or set MILLRACE_HOME to a folder on another disk.",
        )


def _at_least(what: str, found: tuple[int, ...], needed: tuple[int, ...], remedy: str) -> None:
    if found[: len(needed)] < needed:
        raise SpecError(
            f"{what} is too old",
            expected=f"{'.'.join(map(str, needed))} or newer",
            received=".".join(map(str, found)),
            remedy=remedy,
        )


def _existing(path: Path) -> Path:
    """Return the nearest ancestor that exists."""
    while not path.exists():
        path = path.parent
    return path
