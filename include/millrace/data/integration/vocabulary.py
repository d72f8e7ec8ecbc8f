"""`vocabulary`: the classes of a data set, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from millrace.errors import DataError

_FEWEST = 2


def vocabulary(wanted: Sequence[str], found: Iterable[str]) -> list[str]:
    """Return the classes: those of the spec, or those found, numbers in them in natural order.

    Raises:
        DataError: the data holds fewer than two classes.
    """
    present = sorted(set(found), key=natural_order)
    if len(present) < _FEWEST:
        raise DataError(
            "the data holds a single class",
            where="integrate",
            expected="records of at least two classes",
            received=", ".join(present) or "no label",
            remedy="Add a source with the other classes, or check label_map and `limit`.",
        )
    return list(wanted) or present


def natural_order(text: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which "2" stands before "10" and "b2" before "b10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]
