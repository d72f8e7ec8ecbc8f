"""`part_file`: an empty file that is gone on leaving, unless it was moved to its name before."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millrace.artifacts.failures import disk_answers


@contextmanager
def part_file(folder: Path) -> Iterator[Path]:
    """Give a file of this user's only; the folder is made where it is not there."""
    with disk_answers(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".part-")
        os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
