"""Rung three: the whole DAG in one process, with Airflow's own task runner and XComs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]


@pytest.fixture(scope="module")
def dags(installed: Any) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    folder.mkdir(exist_ok=True)
    (folder / "tiny.py").write_text(tiny_workflow.DAG_FILE)
    initdb()
    bag = DagBag(dag_folder=str(folder))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_a_training_run_ends_with_delivered_predictions(
    dags: dict[str, Any], installed: Any
) -> None:
    run = dags["tiny"].test(run_conf={"limit": 500, "seed": 3})
    assert run.state == "success"
    record = installed.catalog.runs.latest()[0]
    assert (record.dag_id, record.run_id, record.state) == ("tiny", run.run_id, "done")
    stages = {e.stage for e in installed.catalog.executions.of_run(record.id)}
    assert {"discover", "collect", "integrate", "train", "evaluate", "predict"} <= stages


def test_xcoms_hold_references_only(dags: dict[str, Any], installed: Any) -> None:
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    run = dags["tiny"].test(run_conf={"limit": 500})
    with create_session() as session:
        found = session.query(XComModel).filter(XComModel.run_id == run.run_id).all()
        sizes = [len(str(item.value)) for item in found if item.key == "return_value"]
    assert len(sizes) >= 10
    assert max(sizes) < 2_000


def test_a_prediction_run_scores_every_record_of_its_sources(
    dags: dict[str, Any], installed: Any
) -> None:
    source = {"name": "new", "kind": "sklearn", "partition_rows": 100}
    run = dags["tiny_predict"].test(run_conf={"sources": [source], "limit": 300})
    assert run.state == "success"
    record = installed.catalog.runs.latest()[0]
    batches = installed.catalog.batches.of_run(record.id)
    assert [batch.rows for batch in batches] == [100, 100, 100]


@pytest.mark.parametrize("conf", [{"epoch": 3}, {"sources": {"nowhere": {}}}])
def test_an_unknown_key_of_the_conf_fails_the_first_task(
    dags: dict[str, Any], conf: dict[str, Any]
) -> None:
    run = dags["tiny"].test(run_conf=conf)
    states = {ti.task_id: ti.state for ti in run.get_task_instances()}
    assert run.state == "failed"
    assert states["discover"] == "failed"
    assert states["integrate"] == "upstream_failed"


def test_a_wrong_type_is_refused_at_the_trigger(dags: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError, match="epochs"):
        dags["tiny"].test(run_conf={"epochs": "three"})


def test_a_terminal_error_is_not_retried(
    dags: dict[str, Any], installed: Any, tmp_path: Path
) -> None:
    sources = [{"name": "gone", "kind": "idx", "images": str(tmp_path / "gone.gz")}]
    run = dags["tiny_predict"].test(run_conf={"sources": sources})
    record = installed.catalog.runs.latest()[0]
    assert "does not exist" in record.error["problem"]
    (discover,) = [ti for ti in run.get_task_instances() if ti.task_id == "discover"]
    assert run.state == "failed"
    assert discover.try_number == 1
