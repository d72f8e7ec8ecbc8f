"""`private_folder`: a local folder that only this user may look into."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from millrace.artifacts.failures import disk_answers
from millrace.errors import SpecError

_MODE = 0o700


def private_folder(path: Path) -> Path:
    """Make a folder, or close it to others, and return it.

    Raises:
        SpecError: it belongs to another user, so that it cannot be closed.
    """
    with disk_answers(path):
        path.mkdir(mode=_MODE, parents=True, exist_ok=True)
        found = path.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
        if ours and stat.S_IMODE(found.st_mode) != _MODE:
            path.chmod(_MODE)
    if not ours:
        raise SpecError(
            "a folder for decrypted files belongs to somebody else",
            where=path,
            expected="a folder of this user",
            remedy="Set MILLRACE_HOME to a folder of your own.",
        )
    return path
