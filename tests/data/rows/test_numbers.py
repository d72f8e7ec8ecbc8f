"""What counts as a number, and what is said of what does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from millrace.data.rows.numbers import to_numbers

MISSING = ("NA", "NaN")


def said(value: Any) -> tuple[str, str] | None:
    _, problems = to_numbers([value, None], MISSING)
    return None if not problems else (problems[0].reason, problems[0].said)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (-0.5, -0.5),
        ("3", 3.0),
        (" 1e3\t", 1000.0),
        ("-12.25", -12.25),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1E-400", 0.0),
        ("0" * 400 + "7", 7.0),
        (2**53 + 1, float(2**53)),
    ],
)
def test_numbers_are_read_from_numbers_and_texts(value: Any, number: float) -> None:
    found, problems = to_numbers([value], MISSING)
    assert (found.tolist(), problems) == ([number], [])


@pytest.mark.parametrize("value", [None, "", "  ", "NA", " NaN ", float("nan")])
def test_a_missing_value_is_nan_and_no_problem(value: Any) -> None:
    found, problems = to_numbers([value], MISSING)
    assert math.isnan(found[0])
    assert problems == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("abc", "'abc' is no number"),
        ("1,234.5", "'1,234.5' is no number, with marks between thousands"),
        ("1 234", "with marks between thousands"),
        ("1.234.567,8", "with marks between thousands"),
        ("1,5", "'1,5' is no number, with a comma for a point"),
        ("1_000", "'1_000' is no number"),
        ("0x1F", "is no number"),
        ("12 kg", "is no number"),
        ("１２", "is no number"),
        (True, "true is no number"),
        ([1], "a list is no number"),
        ({"a": 1}, "an object is no number"),
    ],
)
def test_what_is_no_number_is_named(value: Any, words: str) -> None:
    found = said(value)
    assert found is not None
    assert found[0] == "wrong_type"
    assert words in found[1]


@pytest.mark.parametrize(
    "value", [float("inf"), "Infinity", "-inf", "1e999", "9" * 400, 10**400, -(10**309)]
)
def test_what_double_precision_does_not_hold_is_not_finite(value: Any) -> None:
    found = said(value)
    assert found is not None
    assert found[0] == "not_finite"
    assert len(found[1]) < 100


def test_one_bad_value_does_not_touch_its_neighbours() -> None:
    values: list[Any] = ["1", "x", "3", None, "4e0", 10**400, True, 5, 6.5]
    found, problems = to_numbers(values, MISSING)
    expected = [1, np.nan, 3, np.nan, 4, np.nan, np.nan, 5, 6.5]
    np.testing.assert_array_equal(found, expected)
    assert [problem.row for problem in problems] == [1, 5, 6]


def test_a_value_of_megabytes_is_not_repeated() -> None:
    found = said("x" * 5_000_000)
    assert found is not None
    assert len(found[1]) < 200
