"""`tail`: the last lines of a log, for people."""

from __future__ import annotations

import re
from pathlib import Path

_WINDOW = 16_384  # bytes read from the end
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def tail(file: Path, lines: int) -> str:
    """Return the last `lines` lines that are not empty; "" where there is no file."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _WINDOW))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    kept = [line.rstrip() for line in _COLOURS.sub("", text).splitlines() if line.strip()]
    return "\n".join(kept[-lines:])
