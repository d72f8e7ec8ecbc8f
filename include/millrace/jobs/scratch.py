"""`unused_folders`: temporary folders that killed jobs left behind. Removes nothing."""

from __future__ import annotations

import time
from pathlib import Path


def unused_folders(scratch: Path, before: float) -> list[Path]:
    """Return the folders of `scratch` in which nothing changed since `before`.

    Args:
        scratch: folder of temporary folders; need not exist.
        before: seconds of the epoch.
    """
    folders = [path for path in sorted(scratch.glob("*")) if path.is_dir()]
    return [path for path in folders if not path.is_symlink() and _changed(path) < before]


def _changed(folder: Path) -> float:
    """Return when anything in the folder changed last; now, where it is just being removed."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except FileNotFoundError:
        return time.time()
