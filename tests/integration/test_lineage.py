"""A run's OpenLineage events, by Airflow's provider: from the sources to the predictions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import tiny_workflow

pytestmark = [pytest.mark.tensorflow, pytest.mark.airflow]

# The provider reads its settings when its plugin is imported, so the run has a process of its own.
RUN = """
import os, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from airflow.utils.db import initdb
from airflow.dag_processing.dagbag import DagBag
from millrace.catalog.catalog import Catalog
from millrace.settings import Settings

Catalog(Settings.load().catalog).migrate()
initdb()
bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
assert bag.import_errors == {}, bag.import_errors
run = bag.dags["tiny"].test(run_conf={"limit": 400})
assert run.state == "success", run.state
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The events of one run, written to files by the provider's own transport."""
    folder = tmp_path_factory.mktemp("lineage")
    for name in ("dags", "workflows", "events"):
        (folder / name).mkdir()
    (folder / "dags" / "tiny.py").write_text(tiny_workflow.DAG_FILE)
    (folder / "workflows" / "tiny.yaml").write_text(tiny_workflow.SPEC)
    transport = {"type": "file", "log_file_path": str(folder / "events" / "e"), "append": False}
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "MILLRACE_HOME": str(folder / "home"),
        "MILLRACE_WORKFLOWS": str(folder / "workflows"),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(path.read_text()) for path in sorted((folder / "events").iterdir())]


def of(events: list[dict[str, Any]], task: str, side: str) -> set[tuple[str, str]]:
    """Data sets that the completed instances of a task read or made."""
    return {
        (item["namespace"], item["name"])
        for event in events
        if event["eventType"] == "COMPLETE" and event["job"]["name"].endswith(f".{task}")
        for item in event[side]
    }


def test_every_task_hands_on_what_the_next_one_reads(events: list[dict[str, Any]]) -> None:
    chain = [
        ("partition.collect", "partition.clean"),
        ("partition.clean", "partition.transform"),
        ("partition.transform", "integrate"),
        ("integrate", "train"),
        ("train", "evaluate"),
        ("evaluate", "promote"),
        ("train", "predict"),
        ("integrate", "predict"),
    ]
    for earlier, later in chain:
        shared = of(events, earlier, "outputs") & of(events, later, "inputs")
        assert shared, f"{earlier} -> {later}"


def test_the_ends_are_the_source_and_the_table(events: list[dict[str, Any]]) -> None:
    assert of(events, "partition.collect", "inputs") == {("sklearn", "digits")}
    outputs = of(events, "predict", "outputs")
    assert len(outputs) == 2
    assert any(name.endswith("predictions.db.predictions") for _, name in outputs)


def test_data_sets_are_named_by_digest_with_their_size(events: list[dict[str, Any]]) -> None:
    (bundle,) = of(events, "train", "outputs")
    kind, digest = bundle[1].split("/")
    assert (kind, len(digest)) == ("bundle", 64)
    assert bundle[0].startswith("file:///")
    facets = [
        item["outputFacets"]["outputStatistics"]
        for event in events
        if event["job"]["name"] == "tiny.train" and event["eventType"] == "COMPLETE"
        for item in event["outputs"]
    ]
    assert facets[0]["rowCount"] > 0
    assert facets[0]["size"] > 0


def test_nothing_of_it_is_imported_where_nothing_is_set() -> None:
    code = (
        "import sys, millrace.orchestration.builder, millrace.orchestration.tasks\n"
        "sys.exit(any(name.startswith('openlineage') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
