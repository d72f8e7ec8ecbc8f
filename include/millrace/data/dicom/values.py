"""New values for elements: dummies, moved dates, capped ages. Knows neither profile nor key."""

from __future__ import annotations

import re
from datetime import date, timedelta

_DUMMIES = dict.fromkeys(("PN", "LO", "SH", "ST", "LT", "UT", "UC", "CS", "AE"), "REMOVED") | {
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "AS": "000Y",
    "IS": "0",
    "DS": "0",
}
_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})(.*)", re.DOTALL)
_REST = re.compile(r"(\d{2,6}(\.\d{1,6})?)?([+-]\d{4})?")
_AGE = re.compile(r"(\d{3})([YMWD])")
_A_YEAR = {"Y": 1.0, "M": 12.0, "W": 52.18, "D": 365.25}
_OLDEST = 89  # years


def dummy(representation: str) -> str | None:
    """Return a value that says nothing, of a kind; None where only an empty one does."""
    return _DUMMIES.get(representation)


def shifted(text: str, days: int) -> str:
    """Return a date, or a date with a time, moved by days; empty where it is none.

    The time of day and the zone stay as they are.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None or not _REST.fullmatch(match[4]):
        return ""
    try:
        moved = date(int(match[1]), int(match[2]), int(match[3])) + timedelta(days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved:%Y%m%d}{match[4]}" if moved.year >= 1000 else ""


def capped_age(text: str) -> str:
    """Return an age (PS3.5: three digits and Y, M, W or D), 090Y above 89 years; else empty."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        return ""
    years = int(match[1]) / _A_YEAR[match[2]]
    return "090Y" if years >= _OLDEST + 1 else text.strip()


def is_time(text: str) -> bool:
    """Whether a text is a time of day (PS3.5 TM) and nothing else."""
    return re.fullmatch(r"\d{2}:?(\d{2}:?(\d{2}(\.\d{1,6})?)?)?", text.strip()) is not None
