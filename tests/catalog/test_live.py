"""What the history says must stay, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.catalog.live_runs import Keep
from millrace.catalog.records import RunRecord
from millrace.errors import SpecError, TransientError

FUTURE = datetime.now(UTC) + timedelta(days=1)
NOTHING = Keep(0, FUTURE, 0)


def execute(
    catalog: Catalog, run: RunRecord, output: ArtifactRef | None, *inputs: ArtifactRef
) -> int:
    execution = catalog.executions.begin(
        run=run.id, stage="s", partition=None, key=output.key if output else "key-of-nothing",
        key_parts={}, inputs=[{**ref.to_document(), "role": "r"} for ref in inputs], attempt=1,
        host="h",
    )  # fmt: skip
    if output is not None:
        catalog.executions.finish(execution, "done", output=output)
    return execution


def crown(catalog: Catalog, ref: ArtifactRef, run: int | None) -> int:
    champion = catalog.models.champion("digits")
    version = catalog.models.register("digits", ref, run, {}).version
    before = None if champion is None else champion.version
    catalog.models.decide("digits", version, "promoted", "", "gate", run, before)
    return version


def test_a_running_run_keeps_what_it_only_wants(catalog: Catalog, start: Any) -> None:
    execute(catalog, start(), None)
    assert "key-of-nothing" in catalog.live.mark(NOTHING).keys


def test_a_run_that_was_killed_counts_as_ended_where_that_is_said(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    execute(catalog, start(), refer("a"))
    hours = timedelta(hours=1)
    now = datetime.now(UTC)
    assert catalog.live.mark(Keep(0, FUTURE, 0, now - hours)).keys == {"key-a"}
    assert catalog.live.mark(Keep(0, FUTURE, 0, now + hours)).keys == frozenset()
    assert catalog.live.mark(Keep(1, FUTURE, 0, now + hours)).keys == {"key-a"}


def test_an_ended_run_keeps_nothing_unless_it_is_recent(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    run = start()
    execute(catalog, run, refer("a"))
    catalog.runs.finish(run.id, "done")
    assert catalog.live.mark(NOTHING).keys == frozenset()
    assert catalog.live.mark(Keep(1, FUTURE, 0)).keys == {"key-a"}
    assert catalog.live.mark(Keep(0, FUTURE - timedelta(days=2), 0)).keys == {"key-a"}


def test_successful_and_failed_runs_of_each_dag_are_counted_apart(
    catalog: Catalog, start: Any
) -> None:
    wanted = set()
    for number, (dag, state) in enumerate(
        [("digits", "done"), ("digits", "failed"), ("digits_predict", "done")] * 2
    ):
        run = start(f"r{number}", dag_id=dag)
        catalog.runs.finish(run.id, state)
        if number >= 3:
            wanted.add(run.id)
    assert {run.id for run in catalog.live.mark(Keep(1, FUTURE, 0)).runs} == wanted


def test_the_champion_keeps_its_run_and_what_another_run_made_for_it(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    old, new = start("old"), start("new")
    execute(catalog, old, refer("raw"))
    execute(catalog, old, refer("data"), refer("raw"))
    execute(catalog, old, refer("unrelated"))
    execute(catalog, new, refer("bundle"), refer("data"))
    crown(catalog, refer("bundle"), new.id)
    for run in (old, new):
        catalog.runs.finish(run.id, "done")
    live = catalog.live.mark(NOTHING)
    assert live.keys == {"key-bundle", "key-data", "key-raw"}
    assert ("key-raw", "digest-raw") in live.artifacts


def test_a_version_keeps_as_long_as_retention_says(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    for name in ("one", "two", "three"):
        run = start(name)
        execute(catalog, run, refer(name))
        crown(catalog, refer(name), run.id)
        catalog.runs.finish(run.id, "done")
    assert catalog.live.mark(NOTHING).keys == {"key-three"}
    assert catalog.live.mark(Keep(0, FUTURE, 2)).keys == {"key-two", "key-three"}
    catalog.models.decide("digits", 1, "rolled_back", "why", "me", None, 3)
    assert catalog.live.mark(NOTHING).keys == {"key-one"}


def test_a_prediction_run_keeps_the_version_that_it_froze(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    crown(catalog, refer("one"), None)
    crown(catalog, refer("two"), None)
    run = start("p", dag_id="digits_predict", params={"model_version": 1})
    assert "key-one" in catalog.live.mark(NOTHING).keys
    catalog.runs.finish(run.id, "done")
    assert "key-one" not in catalog.live.mark(NOTHING).keys


def test_a_correction_lives_while_it_is_in_force(catalog: Catalog, refer: Any) -> None:
    first = catalog.corrections.record("digits", "uci", refer("first", "corrections"), 1, "me")
    catalog.corrections.record(
        "digits", "uci", refer("second", "corrections"), 2, "me", after=first.id
    )
    assert catalog.live.mark(NOTHING).keys == {"key-second"}
    assert catalog.live.workflows()["key-first"] == "digits"


def test_a_kept_run_lives_until_it_is_released(catalog: Catalog, start: Any, refer: Any) -> None:
    run = start()
    execute(catalog, run, refer("a"))
    catalog.runs.finish(run.id, "done")
    assert catalog.runs.keep(run.id, " for the audit ").kept == "for the audit"
    assert [one.id for one in catalog.runs.kept()] == [run.id]
    assert catalog.live.mark(NOTHING).keys == {"key-a"}
    assert catalog.runs.keep(run.id, None).kept is None
    assert catalog.live.mark(NOTHING).keys == frozenset()


@pytest.mark.parametrize(("run", "reason"), [(1, "  "), (99, "why")])
def test_a_run_is_kept_for_a_reason_and_must_exist(
    catalog: Catalog, start: Any, run: int, reason: str
) -> None:
    start()
    with pytest.raises(SpecError):
        catalog.runs.keep(run, reason)


def test_a_long_reason_is_cut(catalog: Catalog, start: Any) -> None:
    kept = catalog.runs.keep(start().id, "because\0 " + "x" * 1000).kept
    assert kept is not None
    assert len(kept) <= 250


def test_nothing_begins_while_the_catalog_stands_still(catalog: Catalog, start: Any) -> None:
    run = start()
    began = threading.Event()

    def begin() -> None:
        execute(catalog, run, None)
        began.set()

    thread = threading.Thread(target=begin)
    with catalog.live.still():
        thread.start()
        assert not began.wait(0.5)
        assert catalog.live.mark(NOTHING).keys == frozenset()
    thread.join(20)
    assert began.is_set()


def test_the_stamp_changes_with_all_that_matters(catalog: Catalog, start: Any, refer: Any) -> None:
    stamps = [catalog.live.stamp()]

    def changed() -> None:
        stamps.append(catalog.live.stamp())
        assert stamps[-1] != stamps[-2]
        assert stamps[-1] == catalog.live.stamp()

    run = start()
    changed()
    execution = execute(catalog, run, None)
    changed()
    catalog.executions.finish(execution, "done", output=refer("a"))
    changed()
    catalog.runs.finish(run.id, "done")
    changed()
    catalog.runs.keep(run.id, "why")
    changed()
    crown(catalog, refer("a"), run.id)
    changed()


def test_results_recorded_since_a_position_are_told(
    catalog: Catalog, start: Any, refer: Any
) -> None:
    run = start()
    execute(catalog, run, refer("before"))
    going_on = execute(catalog, run, None)
    position = catalog.live.position()
    catalog.executions.finish(going_on, "done", output=refer("meanwhile"))
    execute(catalog, run, refer("after"))
    since = catalog.live.results_since(position)
    assert {one.key for one in since} == {"key-meanwhile", "key-after"}


def test_a_result_recorded_again_is_told_again(catalog: Catalog, start: Any, refer: Any) -> None:
    execution = execute(catalog, start(), refer("before"))
    position = catalog.live.position()
    catalog.executions.finish(execution, "done", output=refer("before"))
    assert {one.key for one in catalog.live.results_since(position)} == {"key-before"}


@pytest.mark.postgres
def test_a_collection_does_not_wait_for_ever_for_a_writer_that_hangs(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("millrace.catalog.live.BUSY_TIMEOUT", 1.0)
    url = server.create()
    with Catalog(url) as catalog, Catalog(url) as hanging:
        catalog.migrate()
        with hanging.live._database.connection(write=True) as connection:
            connection.execute(text("LOCK TABLE runs IN ROW EXCLUSIVE MODE"))
            with pytest.raises(TransientError, match="locked"), catalog.live.still():
                pass
    server.drop(url)


@pytest.mark.postgres
def test_one_collector_at_a_time_on_a_server(server: Any) -> None:
    url = server.create()
    with Catalog(url) as first, Catalog(url) as second:
        first.migrate()
        with (
            first.live.alone(),
            pytest.raises(TransientError, match="another"),
            second.live.alone(),
        ):
            pass
        with second.live.alone():
            pass
    server.drop(url)
