"""`sweep`: remove the temporary folders that killed jobs left behind."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from millrace.jobs.scratch import unused_folders

OLD = 24 * 3600.0  # seconds; a job that is still at work has written something since


def sweep(scratch: Path, older_than: float = OLD) -> int:
    """Remove the folders of `scratch` in which nothing changed lately; return how many.

    Args:
        scratch: folder of temporary folders; need not exist.
        older_than: seconds since the newest change of anything in a folder.
    """
    old = unused_folders(scratch, time.time() - older_than)
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)
