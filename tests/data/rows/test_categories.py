"""What counts as a category, and what is said of what does not."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.data.rows.categories import LONGEST, to_categories


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("red", "red"),
        ("  dark red ", "dark red"),
        (3, "3"),
        (3.0, "3"),
        (2.5, "2.5"),
        (True, "true"),
        ("naïve 👍", "naïve 👍"),
        (10**30, str(10**30)),
        (None, None),
        ("", None),
        ("NA", None),
        (float("nan"), None),
    ],
)
def test_values_are_read_as_names(value: Any, category: str | None) -> None:
    found, problems = to_categories([value], ["NA"])
    assert (found.to_pylist(), problems) == ([category], [])


def test_whole_numbers_are_one_category_whatever_their_type() -> None:
    found, _ = to_categories([1, 1.0, "1", " 1 "], [])
    assert set(found.to_pylist()) == {"1"}


@pytest.mark.parametrize("value", [[1], {"a": 1}, float("inf"), "x" * (LONGEST + 1)])
def test_what_is_no_name_is_refused(value: Any) -> None:
    found, problems = to_categories(["a", value], [])
    assert found.to_pylist() == ["a", None]
    assert [(p.row, p.reason) for p in problems] == [(1, "wrong_type")]
    assert len(problems[0].said) < 100
