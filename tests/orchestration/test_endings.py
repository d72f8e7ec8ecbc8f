"""The end of a DAG run in the catalog, whichever task of it was cleared or could not say it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tiny_workflow
from file_notifier import told
from millrace.catalog.catalog import Catalog
from millrace.errors import BudgetExceeded, DataError
from millrace.orchestration import marked_runs
from millrace.orchestration.builder import workflow_dags
from millrace.orchestration.endings import mark_done, mark_failed
from millrace.settings import Settings

pytestmark = pytest.mark.airflow


@pytest.fixture
def catalog(home: Path) -> Catalog:
    made = Catalog(Settings.load().catalog)
    made.migrate()
    return made


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a notifier writes who asked for failures and budgets."""
    rule = {
        "notifier": "file_notifier.FileNotifier",
        "events": ["failure", "budget_exceeded"],
        "arguments": {"path": str(tmp_path / "told")},
    }
    monkeypatch.setenv("MILLRACE_NOTIFY", json.dumps([rule]))
    return tmp_path / "told"


@pytest.fixture(scope="module")
def dag(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("workflows")
    (folder / "tiny.yaml").write_text(tiny_workflow.SPEC)
    return workflow_dags("tiny", folder)["tiny_predict"]


@pytest.fixture
def context(dag: Any) -> dict[str, Any]:
    """What Airflow's DAG processor gives: no task instance where none can be named."""
    return {"dag": dag, "run_id": "r", "reason": "task_failure"}


def start(catalog: Catalog) -> int:
    started = catalog.runs.start(
        run_id="r",
        workflow="tiny",
        dag_id="tiny_predict",
        spec={},
        spec_digest="0",
        params={},
        trigger="manual",
        version="0",
    )
    return started.id


def test_a_run_of_which_one_task_was_cleared_is_done_again(catalog: Catalog, context: Any) -> None:
    run = start(catalog)
    mark_done(context)
    assert catalog.runs.get(run).state == "done"


def test_the_error_of_a_task_is_not_covered_by_the_runs(
    catalog: Catalog, file: Path, context: Any
) -> None:
    run = start(catalog)
    catalog.runs.finish(run, "failed", DataError("a file is empty").to_document())
    mark_failed(context)
    record = catalog.runs.get(run)
    assert record.error is not None
    assert record.error["problem"] == "a file is empty"
    assert [(n["event"], n["workflow"], n["text"]) for n in told(file)] == [
        ("failure", "tiny", "a file is empty.")
    ]


def test_a_failure_that_no_task_recorded_is_recorded(
    catalog: Catalog, file: Path, context: Any
) -> None:
    run = start(catalog)
    mark_failed(context)
    assert catalog.runs.get(run).state == "failed"
    assert "task_failure" in told(file)[0]["text"]


def test_a_run_that_never_began_is_told_too(catalog: Catalog, file: Path, context: Any) -> None:
    mark_failed(context)
    assert told(file)[0]["title"] == "tiny_predict: run r failed"
    assert catalog.runs.latest() == []


def test_an_exceeded_budget_is_an_event_of_its_own(
    catalog: Catalog, file: Path, context: Any
) -> None:
    error = BudgetExceeded("too many records were refused", where="clean.budget")
    catalog.runs.finish(start(catalog), "failed", error.to_document())
    mark_failed(context)
    assert [notice["event"] for notice in told(file)] == ["failure", "budget_exceeded"]


def test_a_run_that_a_person_marked_is_recorded_and_told_to_nobody(
    catalog: Catalog, file: Path
) -> None:
    run, marked = start(catalog), SimpleNamespace(dag_id="tiny_predict", run_id="r")
    marked_runs.on_dag_run_failed(marked)
    record = catalog.runs.get(run)
    assert (record.state, told(file)) == ("failed", [])
    assert record.error is not None
    assert record.error["problem"] == "it was marked as failed"
    marked_runs.on_dag_run_success(marked)
    assert catalog.runs.get(run).state == "done"


def test_a_marked_run_of_somebody_elses_dag_is_none_of_ours(catalog: Catalog) -> None:
    marked_runs.on_dag_run_failed(SimpleNamespace(dag_id="theirs", run_id="r"))
    assert catalog.runs.latest() == []
