"""`Quantity`: the number that a regression learns, and what its labels must keep to.

Labels are texts until learning: a text counts as a number only where it can be nothing else.
"""

from __future__ import annotations

import math
import re
from typing import Literal, Self

from pydantic import model_validator

from millrace.workflow.base import Value

WRONG_LABEL = "wrong_label"
LABEL_OUT_OF_RANGE = "label_out_of_range"
QUANTITY_REASONS = (WRONG_LABEL, LABEL_OUT_OF_RANGE)
"""Reason codes of quarantine that labels of quantities have beside those of all labels."""

LARGEST = 1e100
"""Numbers beyond it are refused: their squares would leave what computers count with."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EXACT = 1e15  # whole numbers below it are written as such
_SHOWN = 60  # characters


class Quantity(Value):
    """What is learnt and predicted: one number a record.

    Attributes:
        unit: in words, for people: ``EUR``, ``mg/dl``.
        low, high: labels below and above are refused, and predictions are drawn to them; null sets
            no limit.
        transform: ``log`` learns the logarithm, of labels above 0, whose errors are then shares.
    """

    unit: str = ""
    low: float | None = None
    high: float | None = None
    transform: Literal["none", "log"] = "none"

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        limits = [limit for limit in (self.low, self.high) if limit is not None]
        if any(not abs(limit) <= LARGEST for limit in limits):
            raise ValueError(f"limits of at most {LARGEST:g}")
        if len(limits) == 2 and limits[0] >= limits[1]:
            raise ValueError("low must be below high")
        if self.transform == "log" and self.high is not None and self.high <= 0:
            raise ValueError("high must be above 0, for `transform: log`")
        return self

    def refusal(self, label: str) -> tuple[str, str] | None:
        """Return the reason code and the detail for which a label is refused, or None."""
        value = number_of(label)
        shown = repr(label if len(label) <= _SHOWN else f"{label[:_SHOWN]}…")
        if value is None:
            return WRONG_LABEL, f"label {shown} is no finite number"
        if self.transform == "log" and value <= 0:
            return LABEL_OUT_OF_RANGE, f"label {shown} is not above 0, as `transform: log` needs"
        low, high = self.limits
        if value < low:
            return LABEL_OUT_OF_RANGE, f"label {shown} is below {low:g}"
        if value > high:
            return LABEL_OUT_OF_RANGE, f"label {shown} is above {high:g}"
        return None

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest value."""
        low = -LARGEST if self.low is None else self.low
        return low, LARGEST if self.high is None else self.high


def number_of(text: str) -> float | None:
    """Return the number that a text is: ``12``, ``-0.5``, ``1e3``, but not ``1,000`` nor ``nan``.

    None is returned for all others, and for numbers too large to be finite.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if math.isfinite(value) else None


def written(value: float) -> str:
    """Return a number as the text that stands for it, one for each number: ``151``, ``0.1``."""
    return str(int(value)) if value % 1 == 0 and abs(value) < _EXACT else repr(value)
