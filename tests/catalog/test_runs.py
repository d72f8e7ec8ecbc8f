from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError


def test_a_run_keeps_what_it_was_started_with(catalog: Catalog, start) -> None:
    made = start(spec={"name": "digits", "labels": ["ö"]}, params={"epochs": 3}, trigger="asset")
    assert catalog.runs.get(made.id) == made
    assert (made.state, made.finished_at, made.error) == ("running", None, None)
    assert made.spec == {"name": "digits", "labels": ["ö"]}
    assert made.started_at.tzinfo == UTC


def test_one_run_id_in_two_dags_is_two_runs(catalog: Catalog, start) -> None:
    first = start("manual__1", dag_id="digits")
    second = start("manual__1", dag_id="digits_predict")
    assert first.id != second.id
    assert catalog.runs.find("digits_predict", "manual__1") == second
    assert catalog.runs.find("digits", "manual__2") is None


def test_a_cleared_run_runs_again_and_keeps_its_first_start(url: str, catalog, start) -> None:
    first = start(params={"epochs": 2})
    catalog.runs.finish(first.id, "failed", {"problem": "no"})
    again = start(params={"epochs": 5})
    assert (again.id, again.started_at) == (first.id, first.started_at)
    assert (again.state, again.error, again.finished_at) == ("running", None, None)
    assert again.params == {"epochs": 5}


def test_a_finished_run_has_an_end_and_an_error(catalog: Catalog, start) -> None:
    done = catalog.runs.finish(start().id, "failed", {"problem": "NaN loss"})
    assert (done.state, done.error) == ("failed", {"problem": "NaN loss"})
    assert done.finished_at is not None
    assert done.finished_at >= done.started_at


def test_a_long_error_is_cut(catalog: Catalog, start) -> None:
    done = catalog.runs.finish(start().id, "failed", {"problem": "x" * 10**6, "all": ["y" * 10**6]})
    assert len(str(done.error)) < 5_000


def test_finishing_a_run_that_is_not_there_is_refused(catalog: Catalog) -> None:
    with pytest.raises(SpecError, match="no such run"):
        catalog.runs.finish(7, "done")
    with pytest.raises(SpecError, match="no such run"):
        catalog.runs.get(7)


def test_an_unknown_end_is_refused(catalog: Catalog, start) -> None:
    with pytest.raises(SpecError, match="expected done or failed; received success"):
        catalog.runs.finish(start().id, "success")  # type: ignore[arg-type]


def test_latest_runs_come_newest_first_and_at_most_as_many(catalog: Catalog, start) -> None:
    for number in range(4):
        start(f"manual__{number}", "mnist" if number == 2 else "digits")
    assert [r.run_id for r in catalog.runs.latest(limit=2)] == ["manual__3", "manual__2"]
    assert [r.run_id for r in catalog.runs.latest("digits")] == [f"manual__{n}" for n in (3, 1, 0)]


def test_a_clock_set_back_does_not_change_the_order(url: str, catalog: Catalog) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for hours in (0, -5):
        with Catalog(url, clock=lambda hours=hours: noon + timedelta(hours=hours)) as other:
            other.runs.start(f"run{hours}", "digits", "digits", {}, "", {}, "manual", "0")
    assert [r.run_id for r in catalog.runs.latest()] == ["run-5", "run0"]


def test_times_of_another_zone_are_stored_in_utc(url: str, catalog: Catalog) -> None:
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    with Catalog(url, clock=lambda: moment) as other:
        made = other.runs.start("r", "digits", "digits", {}, "", {}, "manual", "0")
    stored = catalog.runs.get(made.id).started_at
    assert stored.isoformat() == "2025-12-31T23:00:00+00:00"


def test_long_names_that_differ_at_their_end_stay_two(catalog: Catalog, start) -> None:
    first, second = start("r" * 400 + "1"), start("r" * 400 + "2")
    assert first.id != second.id
    assert start("r" * 400 + "1").id == first.id
    assert len(first.run_id) == 250


def test_text_that_no_database_holds_is_replaced(catalog: Catalog, start) -> None:
    made = start("a\0b\udc80", params={"name": "c\0\udc80", "loss": float("nan")})
    assert made.run_id == "a\ufffdb?"
    assert made.params["loss"] is None
    assert catalog.runs.find("digits", "a\0b\udc80") == made


def test_workflows_with_runs_are_named_once_and_sorted(catalog: Catalog, start) -> None:
    assert catalog.runs.workflows() == []
    for run_id, workflow in (("1", "mnist"), ("2", "digits"), ("3", "mnist")):
        start(run_id, workflow)
    assert catalog.runs.workflows() == ["digits", "mnist"]
