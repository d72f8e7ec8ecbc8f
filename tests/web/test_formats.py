"""Texts of values, missing ones too."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import pytest

from millrace.web import formats


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.414, "0.41 s"),
        (9.999, "10.00 s"),
        (37, "37.0 s"),
        (59.99, "60.0 s"),
        (245, "4 min 05 s"),
        (7_380, "2 h 03 min"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(None, "–"), (0, "0 B"), (1023, "1023 B"), (3_565_158, "3.4 MiB"), (2**50, "1024.0 TiB")],
)
def test_sizes(amount: int | None, text: str) -> None:
    assert formats.size(amount) == text


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_figure_that_was_not_measured_is_a_dash(value: float | None) -> None:
    assert formats.figure(value) == "–"
    assert formats.signed(value) == "–"


def test_moments_are_in_utc() -> None:
    there = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert formats.moment(there) == "2026-11-20 23:30:00 UTC"


def test_values_are_written_in_one_line_or_indented() -> None:
    assert formats.compact(["ö", 1]) == '["ö", 1]'
    assert formats.compact("text") == "text"
    assert formats.document({"b": 1, "a": 2}) == '{\n  "a": 2,\n  "b": 1\n}'
