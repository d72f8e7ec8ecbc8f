"""Texts of values, missing ones too."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone

import pytest

from millrace.web import formats


def test_nothing_measured_is_a_dash_and_anything_else_is_worded() -> None:
    assert (formats.duration(None), formats.duration(37)) == ("–", "37.0 s")
    assert (formats.size(None), formats.size(3_565_158)) == ("–", "3.4 MiB")


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
