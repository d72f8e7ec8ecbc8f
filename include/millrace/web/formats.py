"""Texts of a page's values: figures, counts, durations, sizes, moments; a dash for no value."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from millrace import wording
from millrace.workflow.figures import written_figure

MISSING = "–"
_TITLES = {
    "cost": "Cost a record",
    "matthews": "Matthews correlation",
    "roc_auc": "Area under ROC curve",
    "rmse": "RMSE",
    "mae": "Mean absolute error",
}


def figure(value: float | None) -> str:
    """Return a metric with four decimals, e.g. ``0.9912``; a large one with four digits."""
    if not _is_number(value):
        return MISSING
    return written_figure(value)


def signed(value: float | None) -> str:
    """Return a difference of metrics with its sign, e.g. ``+0.0012``."""
    return (
        MISSING if not _is_number(value) else f"{'+' if value >= 0 else ''}{written_figure(value)}"
    )


def count(value: int | None) -> str:
    """Return a number of things, e.g. ``12,345``."""
    return MISSING if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Return seconds as a person writes them."""
    return MISSING if seconds is None else wording.duration(seconds)


def size(amount: int | None) -> str:
    """Return bytes in the unit that fits."""
    return MISSING if amount is None else wording.size(amount)


def moment(value: datetime | None) -> str:
    """Return a moment in UTC, to the second."""
    return MISSING if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def short(digest: str) -> str:
    """Return as much of a digest as people compare."""
    return digest[:12]


def title(name: str) -> str:
    """Return an identifier as words: ``macro_f1`` becomes ``Macro F1``."""
    if name in _TITLES:
        return _TITLES[name]
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:].replace(" f1", " F1")


def document(value: Any) -> str:
    """Return a JSON value as indented text; what JSON cannot hold is written as text."""
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)


def compact(value: Any) -> str:
    """Return a JSON value in one line; text as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and math.isfinite(value)


FILTERS: Mapping[str, Callable[..., str]] = {
    "figure": figure,
    "signed": signed,
    "count": count,
    "duration": duration,
    "size": size,
    "moment": moment,
    "short": short,
    "title": title,
    "document": document,
    "compact": compact,
}
"""By the names that templates use."""
