"""Words that the cards share: figures, counts, shares, names of figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.figures import written_figure

MISSING = "–"


def number(value: Any) -> str:
    """Return a figure, or a dash."""
    return written_figure(value) if isinstance(value, int | float) else MISSING


def count(value: Any) -> str:
    """Return a number of things, or a dash."""
    return f"{value:,}" if isinstance(value, int) else MISSING


def share(value: Any) -> str:
    """Return a share as a percentage, or a dash."""
    return f"{value:.1%}" if isinstance(value, int | float) else MISSING


def interval(figure: Mapping[str, Any]) -> str:
    """Return the 95 % interval of a figure, or a dash."""
    low, high = figure.get("low"), figure.get("high")
    return MISSING if low is None or high is None else f"{number(low)} to {number(high)}"
