"""`row_json`: a record of a table as JSON, the form that every source of tables gives it.

An object with the columns in their order; values are texts, numbers, true, false and null. What is
no number (NaN) is null; infinity, which JSON has not, is the text ``Infinity`` or ``-Infinity``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

_MOST_BITS = 13_000  # of a whole number: Python writes no more than 4,300 digits
_MOST_DIGITS = 3_900


def row_json(fields: Iterable[tuple[str, Any]]) -> bytes:
    """Return the record of named values.

    Values may be what JSON has, and decimals, dates, times (ISO 8601), durations (seconds) and
    UUIDs.

    Raises:
        ValueError: a value is something else, such as a list, or two have one name.
    """
    pairs = list(fields)
    record = {name: _value(name, value) for name, value in pairs}
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two fields are named {twice[:80]!r}")
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8")


def flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield the fields of an object, those of inner objects by their dotted names."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            raise ValueError(f"{name[:80]} is a number of too many digits")
        return value
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"{name[:80]} is of type {type(value).__name__}, not a single value")


def _number(value: float | Decimal) -> Any:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value() and value.adjusted() < _MOST_DIGITS
        return int(value) if whole else float(value)
    return value
