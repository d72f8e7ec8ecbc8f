"""Several models of one workflow: each trained by itself, cached by itself, one chosen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord
from millrace.jobs.local_run import run_workflow

pytestmark = pytest.mark.tensorflow

CANDIDATES = """candidates:
  small: {model: {kind: mlp, hidden: [4]}, train: {epochs: 1, learning_rate: 0.0001}}
  wide: {model: {kind: mlp, hidden: [64]}}
"""
KILLED = """
import os, signal
from millrace.jobs.local_run import run_workflow

trained = []

def tell(task, event):
    if task == "train":
        trained.extend(["one"] if event.get("state") == "success" else [])
        if len(trained) == 2 and event.get("epoch") == 3:
            os.kill(os.getpid(), signal.SIGKILL)

run_workflow("tiny", {"limit": 500, "seed": 5}, tell, run_id="killed")
"""
SMS = """version: 1
name: sms
task: text_classification
labels: [ham, spam]
sources:
  - name: sms
    kind: delimited
    uri: include/samples/sms.tsv
    label: 0
    text: 1
    header: false
    delimiter: "\\t"
    quoting: false
model: {kind: text_mlp}
train: {epochs: 1, learning_rate: 0.00001}
baseline: {kind: logistic, candidate: true}
"""


@pytest.fixture(scope="module", autouse=True)
def competing(installed: Any) -> None:
    """`tiny` has run once with three networks."""
    write(installed, CANDIDATES)
    installed.run()


def write(installed: Any, more: str) -> None:
    (installed.workflows / "tiny.yaml").write_text(tiny_workflow.SPEC + more)


def last(installed: Any) -> list[ExecutionRecord]:
    with Catalog(installed.settings.catalog) as catalog:
        return catalog.executions.of_run(catalog.runs.latest()[0].id)


def trained(installed: Any) -> dict[str | None, str]:
    """State of each training of the newest run, by candidate."""
    return {one.partition: one.state for one in last(installed) if one.stage == "train"}


def facts(installed: Any, stage: str) -> Any:
    (ref,) = [one.output for one in last(installed) if one.stage == stage]
    assert ref is not None
    return installed.store.get(ref).facts


def test_each_network_is_trained_and_the_best_one_goes_to_the_gate(installed: Any) -> None:
    assert set(trained(installed)) == {"mlp", "small", "wide"}
    choice = facts(installed, "choose")
    bundles = {one["name"]: one["bundle"] for one in choice["candidates"]}
    assert choice["chosen"] != "small"
    assert facts(installed, "evaluate")["bundle"] == bundles[choice["chosen"]]
    with Catalog(installed.settings.catalog) as catalog:
        (decided,) = catalog.models.promotions("tiny")[1:]
        version = catalog.models.get("tiny", decided.version)
    assert version.bundle.digest == bundles[choice["chosen"]]


def test_a_second_run_takes_all_of_them_from_the_store(installed: Any) -> None:
    installed.run()
    states = {one.stage: one.state for one in last(installed)}
    assert {stage for stage, state in states.items() if state != "cached"} == {"discover"}
    assert set(trained(installed).values()) == {"cached"}


def test_a_changed_candidate_is_the_only_one_that_is_trained_again(installed: Any) -> None:
    write(installed, CANDIDATES.replace("[4]", "[5]"))
    installed.run()
    assert trained(installed) == {"mlp": "cached", "small": "done", "wide": "cached"}
    (small,) = [one for one in last(installed) if one.partition == "small"]
    assert small.reason == "changed: params.model.hidden [4] -> [5]"
    write(installed, CANDIDATES)


def test_a_training_is_the_same_alone_and_among_candidates(installed: Any) -> None:
    write(installed, "")
    installed.run()
    assert trained(installed) == {None: "cached"}
    assert "choose" not in {one.stage for one in last(installed)}
    write(installed, CANDIDATES)


def test_a_killed_candidate_is_resumed_and_those_that_had_ended_are_kept(
    installed: Any,
) -> None:
    died = subprocess.run([sys.executable, "-c", KILLED], timeout=240, check=False)
    assert died.returncode == -signal.SIGKILL
    assert trained(installed) == {"mlp": "done", "small": "done", "wide": "running"}
    events: list[Any] = []
    conf = {"limit": 500, "seed": 5}
    run_workflow("tiny", conf, lambda task, event: events.append(event), run_id="killed")
    assert trained(installed) == {"mlp": "cached", "small": "cached", "wide": "done"}
    assert [event["resumed_from"] for event in events if event.get("resumed_from")] != []


@pytest.mark.airflow
@pytest.mark.filterwarnings("default")  # Airflow and what it imports warn of themselves
def test_airflow_maps_the_training_over_the_frozen_list(installed: Any) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    folder.mkdir(exist_ok=True)
    (folder / "tiny.py").write_text(tiny_workflow.DAG_FILE)
    initdb()
    run = DagBag(dag_folder=str(folder)).dags["tiny"].test(run_conf={"limit": 500, "epochs": 2})
    assert run.state == "success"
    tasks = [ti for ti in run.get_task_instances() if ti.task_id == "candidate.train"]
    assert sorted(ti.map_index for ti in tasks) == [0, 1, 2]
    assert set(trained(installed)) == {"mlp", "small", "wide"}
    with Catalog(installed.settings.catalog) as catalog:
        spec = catalog.runs.latest()[0].spec
    assert {one["train"]["epochs"] for one in spec["candidates"].values()} == {2}


def test_a_baseline_that_is_best_becomes_champion_and_predicts(installed: Any) -> None:
    (installed.workflows / "sms.yaml").write_text(SMS)
    outcome = run_workflow("sms", {"limit": 300})
    assert outcome["decision"] == "promoted"
    assert facts(installed, "choose")["chosen"] == "logistic"
    assert facts(installed, "evaluate")["verdict"].startswith("The baseline won: ")
    made = {one.stage: one.output for one in last(installed) if one.output is not None}
    with Catalog(installed.settings.catalog) as catalog:
        assert catalog.models.champion("sms").bundle.digest == made["baseline"].digest
    assert made["predict"].rows == facts(installed, "evaluate")["rows"]
