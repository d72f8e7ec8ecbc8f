"""`sweep`: remove the temporary folders that killed jobs left behind."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

OLD = 24 * 3600.0  # seconds; a job that is still at work has written something since


def sweep(scratch: Path, older_than: float = OLD) -> int:
    """Remove the folders of `scratch` in which nothing changed lately; return how many.

    Args:
        scratch: folder of temporary folders; need not exist.
        older_than: seconds since the newest change of anything in a folder.
    """
    limit = time.time() - older_than
    old = [folder for folder in _folders(scratch) if _changed(folder) < limit]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)


def _folders(scratch: Path) -> list[Path]:
    return [p for p in scratch.glob("*") if p.is_dir() and not p.is_symlink()]


def _changed(folder: Path) -> float:
    """Return when anything in the folder changed last; now, where it is just being removed."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return time.time()
