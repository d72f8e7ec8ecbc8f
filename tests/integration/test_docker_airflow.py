"""DockerStep under a real scheduler: results, the cache, killed tasks, secrets."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import docker_daemon
import tiny_workflow
from millrace.artifacts.sealing.master_keys import new_key
from millrace.artifacts.store import Store
from millrace.catalog.records import ExecutionRecord
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.process import run_process
from real_airflow import PROJECT, Running, started

pytestmark = [pytest.mark.scheduler, pytest.mark.tensorflow, pytest.mark.docker]

PATIENCE = 400  # seconds
SECRET = "a-secret-that-nobody-may-see"
SPEC = (
    tiny_workflow.SPEC.replace("name: tiny", "name: boxed").replace(
        "partition_rows: 250", "partition_rows: 900"
    )
    + "runtime: docker\nruntimes: {clean: docker}\nresources: {memory_gib: 3, cpus: 2}\n"
)
SEALED = (
    SPEC.replace("name: boxed", "name: sealed").replace("cpus: 2", "cpus: 2, at_once: 1")
    + "encryption: true\ncandidates: {wide: {model: {kind: mlp, hidden: [64]}}}\n"
)
MASTER_KEY = new_key()
FIRST, KILLED, FOLLOWED, ENCRYPTED = (
    f"{name}-{uuid4().hex[:8]}" for name in ("first", "killed", "followed", "encrypted")
)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An Airflow whose `boxed` and `sealed` train in containers; `boxed` has run once."""
    docker_daemon.need_image()
    package = PROJECT / "include" / "millrace"
    variables = {
        "MILLRACE_DOCKER_MOUNTS": f"{package}:/opt/millrace/include/millrace",
        "MILLRACE_DOCKER_VARIABLES": "PLANTED",
        "MILLRACE_MASTER_KEY": MASTER_KEY,
        "PLANTED": SECRET,
    }
    folder = tmp_path_factory.mktemp("docker")
    with started(folder, {"boxed": SPEC, "sealed": SEALED}, variables) as running:
        assert finished(running, FIRST) == "success"
        yield running


def finished(airflow: Running, run_id: str, workflow: str = "boxed") -> str:
    airflow.client.trigger(workflow, {"limit": 500}, run_id)
    return airflow.wait(workflow, run_id, PATIENCE)


def executions(airflow: Running, run_id: str, workflow: str = "boxed") -> list[ExecutionRecord]:
    with airflow.catalog as catalog:
        record = catalog.runs.find(workflow, run_id)
        assert record is not None
        return catalog.executions.of_run(record.id)


def task(airflow: Running, run_id: str, **more: Any) -> Any:
    path = f"/dags/boxed/dagRuns/{run_id}/taskInstances/train"
    return airflow.client._call("PATCH" if more else "GET", path, more or None).json()


def of_train(airflow: Running, what: str = "") -> str:
    """Return what Airflow answers about the first run's `train`."""
    path = f"/dags/boxed/dagRuns/{FIRST}/taskInstances/train{what}"
    return str(airflow.client._call("GET", path).text)


def until(ask: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = ask()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("it did not come about")


def training(run_id: str) -> str | None:
    """Return the id of the run's training container, once it runs."""
    filters = [f"label=airflow.run_id={run_id}", "label=millrace.stage=train", "status=running"]
    asked = [word for one in filters for word in ("--filter", one)]
    return docker_daemon.docker("ps", "-q", "--no-trunc", *asked) or None


def train_log(airflow: Running, run_id: str, attempt: int = 1) -> str:
    return airflow.client.log("boxed", run_id, "train", -1, attempt)


def test_a_container_trains_and_goes(airflow: Running) -> None:
    log = train_log(airflow, FIRST)
    assert "Started the container millrace-train-" in log
    assert "epoch 6/6" in log
    assert docker_daemon.containers(f"airflow.run_id={FIRST}") == []
    assert "logged" in of_train(airflow, "/state-store")


def test_a_mapped_task_of_a_group_works_in_a_container(airflow: Running) -> None:
    log = airflow.client.log("boxed", FIRST, "partition.clean", 0, 1)
    assert "Started the container millrace-clean-" in log


def test_a_process_gives_the_same_bundle(airflow: Running, tmp_path: Path) -> None:
    root = Path(airflow.installation.settings.store.removeprefix("file://"))
    shutil.copytree(root, tmp_path / "store")
    store = Store((tmp_path / "store").as_uri())
    (boxed,) = [
        JobRequest.from_bytes(path.read_bytes(), "a request")
        for path in (root / "documents" / "requests").iterdir()
        if '"stage": "train"' in path.read_text()
    ]
    (tmp_path / "store" / "manifests" / boxed.key[:2] / f"{boxed.key}.json").unlink()
    made = run_process(boxed, store, tmp_path / "scratch", lambda event: None)
    with_docker = Store(airflow.installation.settings.store).find(boxed.key)
    assert with_docker is not None
    assert made.ref.digest == with_docker.ref.digest


def test_a_cached_training_starts_no_container(airflow: Running) -> None:
    again, since = f"again-{uuid4().hex[:8]}", time.time()
    assert finished(airflow, again) == "success"
    assert [e.state for e in executions(airflow, again) if e.stage == "train"] == ["cached"]
    events = ("events", "--since", f"{since:.0f}", "--until", f"{time.time():.0f}")
    ours = ("--filter", f"label=airflow.run_id={again}", "--filter", "event=create")
    assert docker_daemon.docker(*events, *ours) == ""


def test_a_task_that_is_marked_failed_takes_its_container_along(airflow: Running) -> None:
    airflow.client.trigger("boxed", {"limit": 500, "seed": 1007}, KILLED)
    until(lambda: training(KILLED))
    task(airflow, KILLED, new_state="failed")
    until(lambda: not docker_daemon.containers(f"airflow.run_id={KILLED}"), 30)
    assert airflow.wait("boxed", KILLED, PATIENCE) == "failed"


def test_a_retry_follows_the_container_of_a_killed_worker(airflow: Running) -> None:
    airflow.client.trigger("boxed", {"limit": 500, "seed": 1008}, FOLLOWED)
    first = until(lambda: training(FOLLOWED))
    docker_daemon.docker("pause", first)  # or it might end before the retry begins
    try:
        os.kill(int(task(airflow, FOLLOWED)["pid"]), signal.SIGKILL)
        until(lambda: task(airflow, FOLLOWED)["try_number"] == 2)
        until(lambda: "which runs already" in train_log(airflow, FOLLOWED, 2))
    finally:
        docker_daemon.docker("unpause", first)
    assert airflow.wait("boxed", FOLLOWED, PATIENCE) == "success"
    events = ("events", "--since", "10m", "--until", "0s", "--format", "{{.ID}}")
    ours = ("--filter", f"label=airflow.run_id={FOLLOWED}", "--filter", "event=create")
    made = docker_daemon.docker(*events, *ours, "--filter", "label=millrace.stage=train")
    assert made.split() == [first]
    assert docker_daemon.containers(f"airflow.run_id={FOLLOWED}") == []


def test_containers_of_an_encrypted_workflow_train_one_at_a_time(airflow: Running) -> None:
    assert finished(airflow, ENCRYPTED, "sealed") == "success"
    made = [(e.stage, e.output) for e in executions(airflow, ENCRYPTED, "sealed")]
    store = Store(airflow.installation.settings.store)
    stored = [(stage, store.get(ref).manifest) for stage, ref in made if ref is not None]
    assert [stage for stage, _ in stored].count("train") == 2
    assert all(manifest.sealed for _, manifest in stored)
    tasks = airflow.client.task_instances("sealed", ENCRYPTED)
    trainings = [one for one in tasks if one["task_id"].rpartition(".")[2] == "train"]
    first, second = sorted((one["start_date"], one["end_date"]) for one in trainings)
    assert first[1] <= second[0]


def test_secrets_are_nowhere_to_be_seen(airflow: Running) -> None:
    about = of_train(airflow)
    assert "millrace-trainer" in about
    shown = (about, train_log(airflow, FIRST), of_train(airflow, "/xcomEntries/return_value"))
    assert all(SECRET not in text for text in shown)
    files = [path for path in airflow.installation.settings.home.rglob("*") if path.is_file()]
    for secret in (SECRET, MASTER_KEY):
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
