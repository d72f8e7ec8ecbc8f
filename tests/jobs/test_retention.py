"""Retention settings: defaults, values, refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from millrace.errors import SpecError
from millrace.jobs.retention import Retention

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_nothing_set_keeps_much() -> None:
    assert Retention.load({}) == Retention(runs=20, days=30, versions=5, grace=24, cache=30)


def test_the_variables_are_read_and_empty_ones_are_not() -> None:
    found = Retention.load({"MILLRACE_KEEP_RUNS": "0", "MILLRACE_KEEP_DAYS": "0.5",
                            "MILLRACE_GC_GRACE": ""})  # fmt: skip
    assert (found.runs, found.days, found.grace) == (0, 0.5, 24)


@pytest.mark.parametrize("text", ["-1", "many", "nan", "inf", "1e9"])
def test_what_is_no_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(SpecError, match="MILLRACE_KEEP_DAYS"):
        Retention.load({"MILLRACE_KEEP_DAYS": text})


def test_a_run_that_ended_within_the_grace_is_kept_though_days_are_none() -> None:
    assert Retention(days=0, grace=6).keep(NOW).since == NOW - timedelta(hours=6)
    assert Retention(days=2, grace=6).keep(NOW).since == NOW - timedelta(days=2)
