"""Records of tables as JSON: one form, whatever the source."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from millrace.data.sources.contents import label_of
from millrace.data.sources.row_json import flat, row_json


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (1.50, "1.5"),
        (1e300, "1e+300"),
        (float("nan"), "null"),
        (float("inf"), '"Infinity"'),
        (Decimal("-inf"), '"-Infinity"'),
        (Decimal("3.00"), "3"),
        (Decimal("3.25"), "3.25"),
        (Decimal("1e9999"), '"Infinity"'),
        (date(2020, 1, 2), '"2020-01-02"'),
        (datetime(2020, 1, 2, 3, tzinfo=UTC), '"2020-01-02T03:00:00+00:00"'),
        (time(3, 4), '"03:04:00"'),
        (timedelta(hours=1), "3600.0"),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ('é\n\u2028"\0', '"é\\n\u2028\\"\\u0000"'),
    ],
)
def test_every_value_has_one_form(value: Any, said: str) -> None:
    assert row_json([("a", value)]) == f'{{"a":{said}}}'.encode()


@pytest.mark.parametrize(
    "value", [[1], (1,), {1}, b"x", object(), pytest.param(10**5_000, id="huge"), "\ud800"]
)
def test_a_value_that_is_no_single_one_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not a single value|too many digits|surrogates"):
        row_json([("a", value)])


def test_columns_keep_their_order_and_their_names() -> None:
    assert row_json([("b", 1), ("a", 2), ("", 3)]) == b'{"b":1,"a":2,"":3}'
    with pytest.raises(ValueError, match="two fields are named 'a'"):
        row_json([("a", 1), ("a", 2)])


def test_inner_objects_are_named_with_dots() -> None:
    assert list(flat({"a": {"b": {"c": 1}}, "d": 2})) == [("a.b.c", 1), ("d", 2)]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (None, None),
        ("  x ", "x"),
        (" ", None),
        (True, "1"),
        (3, "3"),
        (3.0, "3"),
        (3.25, "3.25"),
        (float("nan"), None),
        (Decimal("2.50"), "2.50"),
        (date(2020, 1, 2), "2020-01-02"),
        ("\ud800", None),
    ],
)
def test_labels_are_texts(value: Any, label: str | None) -> None:
    assert label_of(value) == label
