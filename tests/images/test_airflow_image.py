"""The Airflow image: all but the training of a workflow works there, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from docker_daemon import AIRFLOW, docker
from millrace import __version__
from millrace.jobs.keys import key_parts
from millrace.jobs.runtimes.trainer import trainer_packages
from millrace.jobs.stages import stage_named

pytestmark = pytest.mark.docker

PROJECT = Path(__file__).parents[2]
SCRIPT = Path(__file__).parent / "work_in_airflow.py"
LARGEST = 1_750_000_000  # bytes; measured 1.37 to 1.53 GB, by the base image
PATIENCE = 240  # seconds; on an idle machine it takes 20
Performed = Callable[[str, Path], subprocess.CompletedProcess[str]]
Started = Callable[..., subprocess.Popen[str]]

PARSE = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder="/opt/millrace/dags")
print(json.dumps({"dags": sorted(bag.dags), "errors": bag.import_errors}))
"""


def test_tensorflow_is_not_in_it_nor_an_installer_or_a_test_tool(airflow: dict[str, Any]) -> None:
    there = {name for name, found in airflow["has"].items() if found}
    assert there == {"airflow", "docker", "kubernetes", "millrace"}
    assert not {"tensorflow", "tensorflow-cpu", "tf2onnx"} & set(airflow["versions"])
    assert {f"apache-airflow-providers-{name}" for name in ("fab", "celery", "docker")} <= set(
        airflow["versions"]
    )


def test_it_is_the_user_of_airflows_own_image(airflow: dict[str, Any]) -> None:
    assert airflow["user"] == [50000, 0]
    assert airflow["writable"] == []
    assert airflow["environment"]["AIRFLOW_HOME"] == "/opt/airflow"


def test_it_is_compiled_labelled_and_of_a_healthy_size(airflow: dict[str, Any]) -> None:
    assert airflow["compiled"] / airflow["sources"] > 0.99  # templates are no Python
    labels = airflow["image"]["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "millrace-airflow"
    assert labels["org.opencontainers.image.version"] == __version__
    assert airflow["image"]["Size"] < LARGEST
    assert airflow["left"] == []


def test_the_command_lines_are_there(airflow: dict[str, Any]) -> None:
    both = "airflow version && millrace validate"
    said = docker("run", "--rm", "--network", "none", AIRFLOW, "sh", "-c", both, timeout=240)
    assert said.splitlines()[0] == airflow["versions"]["apache-airflow"]
    assert "digits: ok" in said


def test_every_shipped_dag_parses(airflow: dict[str, Any]) -> None:
    said = docker("run", "--rm", "--network", "none", AIRFLOW, "python", "-c", PARSE, timeout=240)
    found = json.loads(said.splitlines()[-1])
    assert found["errors"] == {}
    names = [path.stem for path in (PROJECT / "include" / "workflows").glob("*.yaml")]
    assert {*names, *(f"{name}_predict" for name in names)} <= set(found["dags"])


@pytest.mark.timeout(PATIENCE + 60)
def test_a_workflow_runs_there_but_for_its_training(
    start_in_airflow: Started, in_trainer: Performed, tmp_path: Path
) -> None:
    outcome = worked(start_in_airflow, in_trainer, tmp_path)
    assert not outcome["tensorflow"]
    assert "tensorflow" in outcome["refused"]
    assert outcome["promoted"]["decision"] == "promoted"
    assert outcome["predicted"]["delivered"] > 0
    parts = outcome["key"]  # of the training, made where TensorFlow is not installed
    here = key_parts(stage_named("train"), parts["params"], {}, trainer_packages(PROJECT, "cpu"))
    assert {**parts, "inputs": {}} == here
    assert parts["environment"]["tensorflow"] == "2.21.0"


def worked(start: Started, perform: Performed, folder: Path) -> dict[str, Any]:
    """Run the script in the Airflow image, and the training it asks for in the trainer image."""
    (folder / "workflows").mkdir()
    text = tiny_workflow.SPEC.replace("partition_rows: 250", "partition_rows: 500")
    (folder / "workflows" / "tiny.yaml").write_text(text)
    (folder / "work.py").write_text(SCRIPT.read_text())
    variables = {"MILLRACE_HOME": folder / "home", "MILLRACE_WORKFLOWS": folder / "workflows"}
    deadline = time.monotonic() + PATIENCE
    with start(folder, variables, "python", folder / "work.py", folder) as working:
        while working.poll() is None and time.monotonic() < deadline:
            if (folder / "asked").exists() and not (folder / "answered").exists():
                done = perform((folder / "asked").read_text(), folder)
                (folder / "answered").write_text(str(done.returncode))
            time.sleep(0.1)
        working.terminate()  # the client; its container is removed by its label
    assert working.returncode == 0, (folder / "said").read_text()
    found: dict[str, Any] = json.loads((folder / "outcome.json").read_text())
    return found
