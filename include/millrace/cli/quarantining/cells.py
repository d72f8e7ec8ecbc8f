"""`cell` and `counted`: text that came from data made harmless, and numbers with their noun."""

from __future__ import annotations

_LONGEST = 80  # characters


def cell(text: object, longest: int = _LONGEST) -> str:
    """Return `text` for a cell, one line without controls; of a longer one the end."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return line if len(line) <= longest else f"…{line[1 - longest :]}"


def counted(count: int, noun: str) -> str:
    """Return ``1 record`` or ``1,200 records``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
