"""The whole workflow without Airflow: what it makes, what it repeats, what it refuses."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from millrace.cli import main
from millrace.errors import DataError, SpecError
from millrace.jobs.local_run import run_workflow

pytestmark = pytest.mark.tensorflow


def rows(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_every_record_is_accounted_for(installed: Any) -> None:
    run = installed.catalog.runs.latest()[0]
    for execution in installed.catalog.executions.of_run(run.id):
        if execution.counts is not None:
            counts = execution.counts
            parts = counts["accepted"] + counts["quarantined"] + counts["duplicates"]
            assert counts["received"] == parts
    (dataset,) = [e for e in installed.catalog.executions.of_run(run.id) if e.stage == "integrate"]
    assert dataset.counts["received"] == 500


def test_predictions_are_delivered_once_each(installed: Any) -> None:
    database = installed.home / "predictions.db"
    total, distinct = rows(database, "select count(*), count(distinct record_id) from predictions")[
        0
    ]
    (batch,) = installed.catalog.batches.latest()[:1]
    assert total == distinct == batch.rows > 0


def test_a_second_run_takes_everything_from_the_store(installed: Any) -> None:
    outcome = installed.run()
    assert outcome["decision"] == "kept"
    states = installed.states()
    assert states.pop("discover") == ["done"]
    assert {state for found in states.values() for state in found} == {"cached"}
    test_predictions_are_delivered_once_each(installed)


def test_a_forced_stage_gives_the_same_bytes(installed: Any) -> None:
    before = installed.catalog.models.champion("tiny").bundle.digest
    outcome = installed.run(force=["train", "integrate"])
    assert installed.states()["train"] == ["done"]
    assert outcome["decision"] == "kept"
    assert installed.catalog.models.champion("tiny").bundle.digest == before


def test_a_challenger_below_the_gate_is_refused_and_says_why(installed: Any) -> None:
    outcome = installed.run(limit=None, epochs=1, learning_rate=1e-6)
    assert outcome["decision"] == "refused"
    assert "accuracy" in outcome["reasons"][0]
    assert outcome["champion"] == 1
    assert installed.catalog.runs.latest()[0].state == "done"


def test_changing_the_learning_rate_repeats_nothing_before_training(installed: Any) -> None:
    installed.run(epochs=1, learning_rate=1e-6)
    states = installed.states()
    assert set(states["collect"] + states["clean"] + states["integrate"]) == {"cached"}


def test_data_that_cannot_be_split_ends_the_run_with_a_remedy(installed: Any) -> None:
    with pytest.raises(DataError, match="too small to split"):
        installed.run(limit=20)
    run = installed.catalog.runs.latest()[0]
    assert run.state == "failed"
    assert run.error["type"] == "DataError"


@pytest.mark.parametrize("conf", [{"epoch": 3}, {"epochs": "3"}, {"force": ["trian"]}])
def test_a_wrong_conf_starts_nothing(installed: Any, conf: dict[str, Any]) -> None:
    before = installed.catalog.runs.latest()[0].id
    with pytest.raises(SpecError, match=r"conf\."):
        installed.run(**conf)
    assert installed.catalog.runs.latest()[0].id == before


def test_two_runs_at_once_compute_everything_once(installed: Any) -> None:
    code = (
        "from millrace.jobs.local_run import run_workflow\n"
        "run_workflow('tiny', {'limit': 500, 'seed': 11})"
    )
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [process.wait(240) for process in both] == [0, 0]
    records = [
        execution
        for run in installed.catalog.runs.latest(limit=2)
        for execution in installed.catalog.executions.of_run(run.id)
        if execution.stage in {"train", "baseline"}
    ]
    assert sorted(e.state for e in records if e.stage == "train") == ["cached", "done"]
    assert len({e.output.digest for e in records if e.stage == "train"}) == 1


def test_the_lineage_of_a_prediction_reaches_its_source(installed: Any) -> None:
    batch = installed.catalog.batches.latest()[0]
    (made,) = installed.catalog.executions.producing(batch.predictions.digest)[:1]
    roles = {item.role: item.ref for item in made.inputs}
    assert set(roles) == {"records", "bundle"}
    dataset = installed.store.get(roles["records"])
    assert dataset.manifest.provenance["inputs"]["records"]


def test_a_prediction_run_needs_no_airflow_either(
    installed: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "tiny_predict", "--local", "--limit", "100"]) == 0
    run = installed.catalog.runs.latest()[0]
    assert (run.dag_id, run.state) == ("tiny_predict", "done")
    assert run.params["model_version"] == 1
    delivered = run_workflow("tiny", {"limit": 100}, purpose="prediction")["delivered"]
    assert f"{delivered} " in capsys.readouterr().out
