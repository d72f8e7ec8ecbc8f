"""Rungs one and two: the shipped DAG files parse, light and alone, and equal their graphs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from millrace.orchestration.builder import workflow_dags
from millrace.workflow.graph import Graph, Purpose, workflow_graph
from millrace.workflow.loader import load_all, load_file

PROJECT = Path(__file__).parents[2]
SPECS = load_all(PROJECT / "include" / "workflows")
HEAVY = ("tensorflow", "keras", "sklearn", "pandas", "pyarrow", "matplotlib", "mlflow", "numpy")


@pytest.fixture(scope="module")
def dag_bag() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(dag_folder=str(PROJECT / "dags"))


def test_every_spec_has_its_two_dags_and_no_file_fails(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}
    expected = {dag for name in SPECS for dag in (name, f"{name}_predict")}
    assert expected <= set(dag_bag.dags)


def test_every_dag_file_gives_a_dag_which_starting_up_waits_for(dag_bag: Any) -> None:
    files = {path.name for path in (PROJECT / "dags").glob("*.py")}
    assert {Path(dag.fileloc).name for dag in dag_bag.dags.values()} == files


def test_every_dag_file_is_seen_by_airflow() -> None:
    files = list((PROJECT / "dags").glob("*.py"))
    assert {path.stem for path in files} >= set(SPECS)
    for path in files:  # Airflow skips a file without these words, and says nothing
        assert "airflow" in path.read_text().lower()


@pytest.mark.parametrize("purpose", ["training", "prediction"])
@pytest.mark.parametrize("name", SPECS)
def test_the_dag_has_the_specs_graph(dag_bag: Any, name: str, purpose: Purpose) -> None:
    dag = dag_bag.dags[name if purpose == "training" else f"{name}_predict"]
    check_graph(dag, workflow_graph(SPECS[name], purpose))


def check_graph(dag: Any, graph: Graph) -> None:
    wired = {t.label: {dag.get_task(u).label for u in t.upstream_task_ids} for t in dag.tasks}
    assert wired == {task.name: task.upstream for task in graph}
    groups = {task.label: task.task_id.rpartition(".")[0] for task in dag.tasks}
    assert groups == {task.name: task.mapped.argument if task.mapped else "" for task in graph}


@pytest.mark.parametrize("name", SPECS)
def test_every_dag_and_task_is_documented_and_survives_serialization(
    dag_bag: Any, name: str
) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag_id in (name, f"{name}_predict"):
        dag = dag_bag.dags[dag_id]
        assert dag.doc_md.startswith(f"# {dag_id}")
        assert all(task.doc_md for task in dag.tasks)
        again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert set(again.task_dict) == set(dag.task_dict)


def test_parsing_imports_nothing_heavy() -> None:
    code = (
        "import json, sys, runpy, pathlib, airflow.sdk\n"
        "before = set(sys.modules)\n"
        f"for path in sorted(pathlib.Path({str(PROJECT / 'dags')!r}).glob('*.py')):\n"
        "    runpy.run_path(str(path))\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    imported = {name.partition(".")[0] for name in json.loads(out.splitlines()[-1])}
    assert not imported & {*HEAVY, "sqlalchemy", "docker", "kubernetes"}


def test_a_broken_spec_fails_alone_with_file_line_and_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    specs, dags = tmp_path / "workflows", tmp_path / "dags"
    specs.mkdir()
    dags.mkdir()
    for name in ("digits", "broken"):
        text = (PROJECT / "include" / "workflows" / "digits.yaml").read_text()
        text = text.replace("name: digits", f"name: {name}", 1)
        (specs / f"{name}.yaml").write_text(text + ("speed: fast\n" if name == "broken" else ""))
        dag_file = (PROJECT / "dags" / "digits.py").read_text().replace('"digits"', f'"{name}"')
        (dags / f"{name}.py").write_text(dag_file)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(specs))
    bag = DagBag(dag_folder=str(dags))
    assert set(bag.dags) == {"digits", "digits_predict"}
    (message,) = bag.import_errors.values()
    assert "broken.yaml:" in message
    assert "speed: unknown key" in message


def test_a_workflow_with_gpus_waits_in_the_gpu_pool(tmp_path: Path) -> None:
    text = (PROJECT / "include" / "workflows" / "digits.yaml").read_text()
    (tmp_path / "digits.yaml").write_text(text + "resources: {gpus: 2}\n")
    train = workflow_dags("digits", tmp_path)["digits"].get_task("train")
    assert (train.pool, train.pool_slots) == ("gpu", 2)


CANDIDATES = "candidates: {wide: {model: {kind: mlp, hidden: [512]}}}\n"


def competing(folder: Path, more: str = "") -> Any:
    text = (PROJECT / "include" / "workflows" / "digits.yaml").read_text()
    (folder / "digits.yaml").write_text(text + CANDIDATES + more)
    return workflow_dags("digits", folder)["digits"]


def test_several_candidates_are_one_mapped_training_and_a_choice(tmp_path: Path) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    dag = competing(tmp_path)
    check_graph(dag, workflow_graph(load_file(tmp_path / "digits.yaml"), "training"))
    again = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert set(again.task_dict) == set(dag.task_dict)
    assert again.get_task("candidate.train").get_needs_expansion()


def test_each_candidate_waits_in_the_gpu_pool_and_is_retried(tmp_path: Path) -> None:
    train = competing(tmp_path, "resources: {gpus: 2}\n").get_task("candidate.train")
    assert (train.pool, train.pool_slots, train.retries) == ("gpu", 2, 3)


def test_a_run_does_not_train_all_it_has_at_once(tmp_path: Path) -> None:
    assert competing(tmp_path).get_task("candidate.train").max_active_tis_per_dagrun == 2
    folds = "evaluation: {folds: 5}\nresources: {at_once: 3}\n"
    dag = competing(tmp_path, folds)
    assert dag.get_task("fold.train_fold").max_active_tis_per_dagrun == 3
    assert dag.get_task("fold.split_fold").max_active_tis_per_dagrun is None


def test_candidates_are_trained_where_a_training_is(tmp_path: Path) -> None:
    dag = competing(tmp_path, "runtime: docker\n")
    assert dag.get_task("candidate.train").custom_operator_name == "docker"
    assert dag.get_task("choose").custom_operator_name == "@task"


def test_a_person_is_asked_without_a_slot_of_a_worker_and_nothing_is_skipped(
    tmp_path: Path,
) -> None:
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    text = (PROJECT / "include" / "workflows" / "digits.yaml").read_text()
    asked = "approval: {users: [anna], timeout_hours: 72}"
    (tmp_path / "digits.yaml").write_text(re.sub(r"(gate: \{)", rf"\1{asked}, ", text, count=1))
    dag = workflow_dags("digits", tmp_path)["digits"]
    check_graph(dag, workflow_graph(load_file(tmp_path / "digits.yaml"), "training"))
    approve = dag.get_task("approve")
    assert isinstance(approve, ApprovalOperator)
    assert approve.assigned_users == [{"id": "anna", "name": "anna"}]
    assert approve.response_timeout.total_seconds() == 72 * 3600
    assert approve.defaults == ["Reject"]
    assert set(approve.params) == {"note"}


def test_terminal_errors_fail_at_once_and_transient_ones_are_retried() -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from millrace.errors import DataError, TransientError
    from millrace.orchestration.policy import airflow_errors

    with pytest.raises(AirflowFailException, match="wrong"), airflow_errors():
        raise DataError("wrong")
    with pytest.raises(AirflowException) as caught, airflow_errors():
        raise TransientError("down")
    assert not isinstance(caught.value, AirflowFailException)


def test_what_is_announced_is_announced_one_at_a_time() -> None:
    dags = workflow_dags("digits", PROJECT / "include" / "workflows")
    tasks = [(name, task) for name, dag in dags.items() for task in dag.tasks]
    told = {(name, task.task_id) for name, task in tasks if task.outlets}
    assert told == {("digits", "promote"), ("digits", "predict"), ("digits_predict", "finish")}
    alone = {(name, task.task_id) for name, task in tasks if task.max_active_tis_per_dag == 1}
    assert alone == told
