"""`Tally`: what a column of a table holds, value by value; it says what kind of column that is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.data.rows.numbers import to_numbers
from millrace.workflow.proposing.table_seen import Numbers, SeenColumn

NO_VALUE = frozenset(("?", "-", "--", "."))
"""Texts that stand for a missing value in a column that holds other things."""

_MOSTLY = 0.9  # share of numbers among the values of a column of numbers
_DISTINCT = 100_000  # texts of a column that are counted
_ALL_DIFFERENT = 0.7  # share of distinct texts above which they name records, not categories
_FEW = 20  # records, below which nothing is said of what differs
_LONGEST = 1_000  # characters of a category
_IDENTIFIER = re.compile(r"(.*[_ .-])?(id|idx|index|uuid|guid|key|rownames?)|column_0|", re.I)
_SHOWN = 200  # categories that are kept


class Tally:
    """Grows by parts of a column.

    Args:
        name: of the column. missing: texts that mean a missing value.
    """

    def __init__(self, name: str, missing: Collection[str]) -> None:
        self._name = name
        self._missing = missing
        self._numbers: list[npt.NDArray[np.float64]] = []
        self._texts: Counter[str] = Counter()  # of what is no number
        self._infinite = self._absent = self._others = 0
        self.filled = 0

    def add(self, values: Sequence[Any]) -> None:
        """Look at values as JSON has them."""
        numbers, problems = to_numbers(values, self._missing)
        self._numbers.append(numbers[~np.isnan(numbers)])
        for problem in problems:
            value = values[problem.row]
            text = str(value).lower() if isinstance(value, bool) else str(value).strip()
            if problem.reason == "not_finite":
                self._infinite += 1
            elif text in NO_VALUE:
                self._absent += 1
                self._texts[text] += 1
            elif len(self._texts) < _DISTINCT or text in self._texts:
                self._texts[text] += 1
            else:
                self._others += 1
        self.filled += len(problems) + len(self._numbers[-1])

    @property
    def no_values(self) -> set[str]:
        """The texts of `NO_VALUE` that it holds, beside other values."""
        return {text for text in self._texts if text in NO_VALUE}

    def seen(self, rows: int) -> SeenColumn:
        """Return what was seen; `rows` is the number of records."""
        texts = Counter({t: n for t, n in self._texts.items() if t not in NO_VALUE})
        missing = rows - self.filled + self._absent
        numbers = np.concatenate(self._numbers) if self._numbers else np.zeros(0)
        values = len(numbers) + texts.total() + self._others
        if not values:
            return SeenColumn(self._name, rows, missing, left_out="it has no values")
        if len(numbers) >= _MOSTLY * values:
            odd = values - len(numbers) + self._infinite
            return _of_numbers(self._name, rows, missing, numbers, odd)
        texts.update(f"{number:.12g}" for number in numbers.tolist())
        return _of_texts(self._name, rows, missing, texts, self._others)


def _of_numbers(
    name: str, rows: int, missing: int, numbers: npt.NDArray[np.float64], odd: int
) -> SeenColumn:
    low, high = float(numbers.min()), float(numbers.max())
    whole = bool((numbers == np.floor(numbers)).all())
    found = Numbers(low, float(np.median(numbers)), high, whole)
    left_out = None
    if low == high and len(numbers) == rows:
        left_out = f"every record has {low:.6g}"
    elif whole and len(numbers) >= _FEW and len(np.unique(numbers)) == len(numbers):
        counted = bool((np.diff(numbers) > 0).all())
        if counted or _IDENTIFIER.fullmatch(name):
            left_out = "it numbers the records"
    return SeenColumn(name, rows, missing, found, odd=odd, left_out=left_out)


def _of_texts(name: str, rows: int, missing: int, texts: Counter[str], others: int) -> SeenColumn:
    distinct = len(texts) + others
    values = texts.total() + others
    left_out = None
    if distinct == 1 and values == rows:
        left_out = f"every record has {next(iter(texts))[:20]!r}"
    elif values >= _FEW and distinct > _ALL_DIFFERENT * values:
        left_out = "nearly every record has a value of its own"
    elif any(len(text) > _LONGEST for text in texts):
        left_out = "it holds long texts"
    categories = tuple(text for text, _ in texts.most_common(_SHOWN))
    return SeenColumn(
        name, rows, missing, categories=categories, distinct=distinct, left_out=left_out
    )
