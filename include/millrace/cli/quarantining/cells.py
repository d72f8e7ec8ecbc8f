"""`cell`: text that came from data, in a table: one line, bounded, without markup or controls."""

from __future__ import annotations

from rich.markup import escape

_LONGEST = 80  # characters


def cell(text: object, longest: int = _LONGEST) -> str:
    """Return `text` for a cell; of a longer one the end, where names differ."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return escape(line if len(line) <= longest else f"…{line[1 - longest :]}")
