"""`contract`: what a column must keep to, inferred from what was seen of it, with room to spare.

The contract is a document of `millrace.workflow.tables.Column`, so that looking at data and writing
its workflow use the same one.
"""

from __future__ import annotations

import math
from typing import Any

from millrace.workflow.proposing.table_seen import Numbers, SeenColumn

_LISTED = 50  # categories, at most, that are listed: of more, new ones are usual
_OFTEN = 5  # records of a category, on average, for all to have been seen
_HASHED = 1_000  # categories above which they share places by their hash
_PLACES = 1_024
_EXACT = 1e15  # whole numbers below it are written as such


def contract(column: SeenColumn) -> dict[str, Any]:
    """Return the document of a column that is learnt from.

    Numbers may be as far outside of what was seen as that is wide, but not below 0 where none
    was; categories are listed where all seem to have been seen.
    """
    if column.numbers is not None:
        low, high = limits(column.numbers)
        missing = "median" if column.missing else "refuse"
        return {"kind": "numeric", "low": low, "high": high, "missing": missing}
    document: dict[str, Any] = {"kind": "category"}
    known = column.rows - column.missing
    if column.distinct <= _LISTED and column.distinct * _OFTEN <= known:
        document["categories"] = sorted(column.categories)
    if column.distinct > _HASHED:
        document["places"] = _PLACES
    return {**document, "missing": "unknown" if column.missing else "refuse"}


def limits(numbers: Numbers) -> tuple[float, float]:
    """Return limits with room to spare, rounded outwards to two digits."""
    room = numbers.high - numbers.low or abs(numbers.high) or 1.0
    low, high = numbers.low - room, numbers.high + room
    if not (math.isfinite(low) and math.isfinite(high)):
        return numbers.low, numbers.high
    if numbers.low >= 0:
        low = 0.0
    return _rounded(low, math.floor), _rounded(high, math.ceil)


def _rounded(value: float, direction: Any) -> float:
    """Return a number of two digits next to `value`."""
    if value == 0:
        return 0
    digits = math.floor(math.log10(abs(value))) - 1
    if not -300 < digits < 300:
        return value
    step = direction(value / 10**digits) if digits >= 0 else direction(value * 10**-digits)
    found = float(step * 10**digits if digits >= 0 else step / 10**-digits)
    return int(found) if found == int(found) and abs(found) < _EXACT else found
