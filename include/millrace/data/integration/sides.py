"""`SIDES`: the sides of a data set, and their places in the ledger."""

from __future__ import annotations

SIDES = ("test", "validation", "train")
"""The sides by preference: a record that could be on two is on the first."""

FREE = len(SIDES)
"""The place of a record whose source is not fixed to a side."""


def place(side: str | None) -> int:
    """Return the place of a side in `SIDES`, `FREE` for None."""
    return FREE if side is None else SIDES.index(side)
