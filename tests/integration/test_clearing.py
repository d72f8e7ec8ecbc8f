"""Backfill, clear and retry against a real scheduler: nothing changes that should not change."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import tiny_workflow
from millrace.artifacts.digests import digest_file
from millrace.errors import TransientError
from real_airflow import Running, started

pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow]

SPEC = (
    tiny_workflow.SPEC.replace("partition_rows: 250", "partition_rows: 900")
    .replace("gate: {accuracy: 0.5}", "gate: {accuracy: 0.5, overall_drop: 1, slice_drop: 1}")
    .replace("task:", 'schedule: "0 0 * * *"\ntask:')
)  # whoever passes the gate replaces the champion, so that a decision made twice shows
PARTITION = ["partition.collect", "partition.clean", "partition.transform"]
TASKS = {
    "tiny": [
        *("discover", *PARTITION, "integrate", "train", "baseline"),
        *("evaluate", "cards", "promote", "predict"),
    ],
    "tiny_predict": ["discover", *PARTITION, "partition.predict", "finish"],
}
BACKFILL = {
    "dag_id": "tiny",
    "from_date": "2026-03-01T00:00:00Z",
    "to_date": "2026-03-02T00:00:00Z",
    "max_active_runs": 3,
}


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An Airflow in which `tiny` was backfilled over two dates, and its champion replaced.

    The worker of the newer champion's training was killed once.
    """
    with started(tmp_path_factory.mktemp("clearing"), {"tiny": SPEC}, {}) as running:
        backfill(running)
        running.settle()
        running.client.trigger("tiny", {"seed": 5}, "newer")
        training_process(running).parent().kill()
        assert running.wait("tiny", "newer") == "success"
        running.settle()
        yield running


def backfill(airflow: Running, **more: str) -> None:
    """Ask for the backfill, and again where Airflow says that SQLite is busy just now."""
    for wait in (1, 5, 15, 30):
        try:
            airflow.client._call("POST", "/backfills", {**BACKFILL, **more})
        except TransientError as error:
            if "locked" not in str(error):
                raise
            time.sleep(wait)
        else:
            return
    raise AssertionError("SQLite stayed locked")


def training_process(airflow: Running) -> psutil.Process:
    store = airflow.installation.settings.store
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "millrace.jobs" in words and any(word.startswith(store) for word in words):
                return process
        time.sleep(0.1)
    raise AssertionError("no training process was started")


def backfilled(airflow: Running) -> list[str]:
    runs = airflow.client._pages("/dags/tiny/dagRuns", "dag_runs")
    return sorted(run["dag_run_id"] for run in runs if run["run_type"] == "backfill")


def snapshot(airflow: Running) -> dict[str, Any]:
    """All that a repetition must leave as it is."""
    settings = airflow.installation.settings
    root = Path(settings.store.removeprefix("file://"))
    kinds = ("manifests", "objects")
    with airflow.catalog as catalog:
        models = catalog.models
        return {
            "store": {
                str(path.relative_to(root)): digest_file(path)
                for kind in kinds
                for path in (root / kind).rglob("*")
                if path.is_file()
            },
            "rows": rows(settings.predictions, "select * from predictions"),
            "champion": models.champion("tiny"),
            "versions": models.versions("tiny"),
            "promotions": models.promotions("tiny"),
            "batches": catalog.batches.latest(limit=100),
            "runs": {
                (run.dag_id, run.run_id): (run.state, run.spec, run.params)
                for run in catalog.runs.latest(limit=100)
            },
        }


def rows(url: str, query: str) -> list[Any]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return sorted(connection.execute(query).fetchall())
    finally:
        connection.close()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


def test_a_backfill_trains_once_and_delivers_each_record_once(airflow: Running) -> None:
    found = backfilled(airflow)
    assert len(found) == 2
    with airflow.catalog as catalog:
        runs = {run.run_id: run for run in catalog.runs.latest(limit=100)}
        trained = [
            execution.state
            for run in found
            for execution in catalog.executions.of_run(runs[run].id)
            if execution.stage == "train"
        ]
        decisions = [promotion.decision for promotion in catalog.models.promotions("tiny")]
    assert {runs[run].state for run in found} == {"done"}
    assert sorted(trained) in (["cached", "cached"], ["cached", "done"])
    assert decisions.count("promoted") == 2  # of the first run, and of `newer`
    url = airflow.installation.settings.predictions
    count = "select model_version, count(*), count(distinct record_id) from predictions group by 1"
    assert rows(url, count) == [(1, 1797, 1797), (2, 1797, 1797)]


def test_a_task_whose_worker_was_killed_was_tried_again(airflow: Running) -> None:
    with airflow.catalog as catalog:
        record = catalog.runs.find("tiny", "newer")
        assert record is not None
        tried = [e for e in catalog.executions.of_run(record.id) if e.stage == "train"]
        (made,) = [p for p in catalog.models.promotions("tiny") if p.run == record.id]
    assert [execution.state for execution in tried] == ["lost", "done"]
    assert (made.decision, made.version) == ("promoted", 2)


def test_a_backfill_that_is_repeated_changes_nothing(airflow: Running) -> None:
    before = snapshot(airflow)
    backfill(airflow, reprocess_behavior="completed")
    time.sleep(2)
    airflow.settle()
    assert differences(before, snapshot(airflow)) == []


@pytest.mark.parametrize(
    ("tasks", "more"),
    [
        ([["partition.clean", 1]], {}),
        (["integrate"], {}),
        ([["partition.collect", 0]], {"include_downstream": True}),
        (["promote"], {"include_upstream": True}),
    ],
    ids=["one mapped instance", "without downstream", "with downstream", "with upstream"],
)
def test_clearing_tasks_of_an_old_run_changes_nothing(
    airflow: Running, tasks: list[Any], more: dict[str, Any]
) -> None:
    before = snapshot(airflow)
    old = backfilled(airflow)[0]
    airflow.clear("tiny", old, task_ids=tasks, **more)
    assert airflow.wait("tiny", old) == "success"
    airflow.settle()
    assert differences(before, snapshot(airflow)) == []


def test_an_old_run_keeps_its_spec_and_leaves_the_newer_champion(airflow: Running) -> None:
    before = snapshot(airflow)
    file = airflow.installation.settings.workflows / "tiny.yaml"
    text = file.read_text()
    file.write_text(text.replace("epochs: 6", "epochs: 2").replace("accuracy: 0.5", "accuracy: 0"))
    try:
        airflow.clear("tiny", backfilled(airflow)[0])
        airflow.settle()
    finally:
        file.write_text(text)
    assert before["champion"].version == 2
    assert differences(before, snapshot(airflow)) == []


def test_clearing_in_random_order_changes_nothing(airflow: Running) -> None:
    before = snapshot(airflow)
    chance = random.Random(7)
    with airflow.catalog as catalog:
        runs = sorted((run.dag_id, run.run_id) for run in catalog.runs.latest(limit=100))
    for _ in range(5):
        dag_id, run_id = chance.choice(runs)
        tasks = chance.sample(TASKS[dag_id], chance.randint(1, 3))
        airflow.clear(dag_id, run_id, task_ids=tasks, include_downstream=chance.random() < 0.5)
        time.sleep(chance.random())  # some tasks are killed while they run
    airflow.settle()
    assert {airflow.wait(*run) for run in runs} == {"success"}
    assert differences(before, snapshot(airflow)) == []


def test_a_cleared_prediction_run_keeps_its_model(airflow: Running) -> None:
    before = snapshot(airflow)
    with airflow.catalog as catalog:
        runs = [run for run in catalog.runs.latest(limit=100) if run.dag_id == "tiny_predict"]
    oldest = runs[-1].run_id
    assert runs[-1].params["model_version"] == 1
    airflow.clear("tiny_predict", oldest)
    assert airflow.wait("tiny_predict", oldest) == "success"
    airflow.settle()
    assert differences(before, snapshot(airflow)) == []


def test_a_run_that_a_person_marks_is_marked_in_the_catalog(airflow: Running) -> None:
    path = "/dags/tiny/dagRuns/newer"
    for mark, state in (("failed", "failed"), ("success", "done")):
        airflow.client._call("PATCH", path, {"state": mark})
        with airflow.catalog as catalog:
            record = catalog.runs.find("tiny", "newer")
        assert record is not None
        assert record.state == state
