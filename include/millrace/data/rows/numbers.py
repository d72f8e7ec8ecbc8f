"""`to_numbers`: values of a column as numbers, and what is said of those that are none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.errors import shorten

WRONG_TYPE = "wrong_type"
NOT_FINITE = "not_finite"

_PLAIN = r"^-?[0-9]+(\.[0-9]+)?$"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}([,.'\u2019 \u00a0\u202f][0-9]{3})+([.,][0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_SHOWN = 40  # characters of a value

Numbers = npt.NDArray[np.float64]


class Problem(NamedTuple):
    """What is wrong with a value: the row, the reason code, and words about it."""

    row: int
    reason: str
    said: str


class _WrongError(ValueError):
    def __init__(self, reason: str, said: str) -> None:
        super().__init__(said)
        self.reason = reason


def to_numbers(values: Sequence[Any], missing: Collection[str]) -> tuple[Numbers, list[Problem]]:
    """Return the numbers ``(rows,)``, NaN where there is none, and what is wrong with values.

    Args:
        values: what JSON has. missing: texts that mean that a value is missing.
    """
    kinds = set(map(type, values))
    if kinds <= {int, float, type(None)}:
        return _of_numbers(values)
    if kinds <= {str, type(None)}:
        return _of_texts(values, missing)
    return _one_by_one(values, range(len(values)), np.full(len(values), np.nan), missing)


def shown(value: Any) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return shorten(repr(value), _SHOWN) if isinstance(value, str) else shorten(value, _SHOWN)


def _of_numbers(values: Sequence[Any]) -> tuple[Numbers, list[Problem]]:
    try:
        numbers = np.array(values, np.float64)
    except OverflowError:
        return _one_by_one(values, range(len(values)), np.full(len(values), np.nan), ())
    return _one_by_one(values, np.flatnonzero(np.isinf(numbers)).tolist(), numbers, ())


def _of_texts(values: Sequence[Any], missing: Collection[str]) -> tuple[Numbers, list[Problem]]:
    texts = pc.utf8_trim_whitespace(pa.array(values, pa.string()))
    plain = pc.match_substring_regex(texts, _PLAIN)
    none = pa.scalar(None, pa.string())
    cast = pc.if_else(plain, texts, none).cast(pa.float64())
    numbers = cast.to_numpy(zero_copy_only=False).copy()
    other = pc.fill_null(pc.invert(plain), False).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(other | np.isinf(numbers)).tolist()
    return _one_by_one(values, rows, numbers, missing)


def _one_by_one(
    values: Sequence[Any], rows: Sequence[int], numbers: Numbers, missing: Collection[str]
) -> tuple[Numbers, list[Problem]]:
    """Fill in the numbers of some rows."""
    problems = []
    for row in rows:
        try:
            numbers[row] = _number(values[row], missing)
        except _WrongError as error:
            numbers[row] = np.nan
            problems.append(Problem(row, error.reason, str(error)))
    return numbers, problems


def _number(value: Any, missing: Collection[str]) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str):
        return _of_text(value.strip(), missing)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongError(WRONG_TYPE, f"{shown(value)} is no number")
    return _finite(lambda: float(value), value)


def _of_text(text: str, missing: Collection[str]) -> float:
    if not text or text in missing:
        return math.nan
    if _NUMBER.fullmatch(text):
        return _finite(lambda: float(text), text)
    if _INFINITE.fullmatch(text):
        raise _WrongError(NOT_FINITE, f"{shown(text)} is infinite")
    raise _WrongError(WRONG_TYPE, f"{shown(text)} is no number{_hint(text)}")


def _hint(text: str) -> str:
    if _GROUPED.fullmatch(text):
        return ", with marks between thousands"
    return ", with a comma for a point" if _COMMA.fullmatch(text) else ""


def _finite(number: Callable[[], float], value: Any) -> float:
    try:
        found = number()
    except OverflowError:
        found = math.inf
    if math.isinf(found):
        infinite = isinstance(value, float)
        said = "the number is infinite" if infinite else f"{_start(value)} is too large a number"
        raise _WrongError(NOT_FINITE, said)
    return found


def _start(value: Any) -> str:
    """Return the start of a number with many digits."""
    if isinstance(value, str):
        return shown(value)
    return f"a number of {value.bit_length()} bits"
