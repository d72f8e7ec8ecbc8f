"""`remembered`: what was computed from a large file's content, until the file's stat changes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from millrace.artifacts.digests import digest_value
from millrace.data.sources.cache import cache_folder, new_file

_LARGE = 64 << 20  # bytes; smaller files are read again
_SETTLED = 5.0  # seconds after its last change from which a file may be remembered


def remembered(path: Path, asked: Any, compute: Callable[[], Any]) -> Any:
    """Return `compute()`, or what it returned for the same question about the same file.

    Args:
        path: the file. asked: JSON values that say what is computed, and by which rules.
        compute: reads the file; returns JSON values.
    """
    stat = path.stat()
    if stat.st_size < _LARGE:
        return compute()
    seen = [str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino, asked]
    note = cache_folder("digests") / f"{digest_value(seen)}.json"
    if note.is_file():
        return json.loads(note.read_text())
    found = compute()
    if time.time() - stat.st_mtime > _SETTLED:
        with new_file(note) as part:
            part.write_text(json.dumps(found))
    return found
