"""A workflow with its training in a pod: Airflow's task runner, its XComs, the same bundle."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

import pod_api
import pod_jobs
import tiny_workflow

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]


@pytest.fixture(scope="module")
def api(installed: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pod_api.PodApi]:
    """A cluster for the installation in which `tiny` has run once, in local processes."""
    folder = tmp_path_factory.mktemp("cluster")
    lock = folder / "include" / "images" / "trainer" / "requirements-cpu.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("".join(f"{one.name}=={one.version}\n" for one in distributions()))
    with pytest.MonkeyPatch.context() as patch, pod_api.serve() as api:
        patch.setenv("AIRFLOW_CONN_KUBERNETES_DEFAULT", pod_jobs.connection(api, folder))
        patch.setenv("MILLRACE_PROJECT", str(folder))
        patch.setenv("MILLRACE_RUNTIME", "kubernetes")
        patch.setenv("MILLRACE_POD_CLAIM", "store")
        yield api


@pytest.fixture(scope="module")
def dag(api: pod_api.PodApi) -> Any:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    folder.mkdir(exist_ok=True)
    (folder / "tiny.py").write_text(tiny_workflow.DAG_FILE)
    initdb()
    bag = DagBag(dag_folder=str(folder))
    assert bag.import_errors == {}
    return bag.dags["tiny"]


def _trained(installed: Any) -> Any:
    run = installed.catalog.runs.latest()[0]
    return next(e for e in installed.catalog.executions.of_run(run.id) if e.stage == "train")


def test_what_was_trained_locally_starts_no_pod(
    dag: Any, api: pod_api.PodApi, installed: Any
) -> None:
    assert dag.test(run_conf={"limit": 500}).state == "success"
    trained = _trained(installed)
    assert trained.state == "cached", trained.reason
    assert api.created == []


def test_a_pod_trains_the_same_bundle_as_a_local_process(
    dag: Any, api: pod_api.PodApi, installed: Any
) -> None:
    before, pods = _trained(installed).output.digest, len(api.created)
    run = dag.test(run_conf={"limit": 500, "force": ["train"]})
    assert run.state == "success"
    after = _trained(installed)
    assert (after.state, after.reason) == ("done", "forced")
    assert after.output.digest == before
    assert [name.rpartition("-")[0][:15] for name in api.created[pods:]] == ["millrace-train-"]
