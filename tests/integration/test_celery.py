"""Two Celery workers with a disk each, on Redis, PostgreSQL and S3; one is killed in the middle."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import redis_server
from celery_airflow import Cluster, cluster
from millrace.catalog.catalog import Catalog
from millrace.catalog.records import ExecutionRecord
from millrace.jobs.local_run import run_workflow
from postgres_server import PostgresServer

WORKFLOWS = Path(__file__).parents[2] / "include" / "workflows"
SECONDS = 900.0  # for a run at most, on a machine that does other things too
CONF: Mapping[str, Any] = {"epochs": 8}
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.scheduler,
    pytest.mark.celery,
    pytest.mark.redis,
    pytest.mark.postgres,
    pytest.mark.s3,
    pytest.mark.tensorflow,
]


def digits() -> str:
    """Return the workflow `digits` with six partitions and an easy gate."""
    spec = yaml.safe_load((WORKFLOWS / "digits.yaml").read_text())
    spec["sources"][0]["partition_rows"] = 300
    spec["gate"] = {"accuracy": 0.2}
    return yaml.safe_dump(spec)


@pytest.fixture(scope="module")
def two(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Airflow with the workers `one` and `two`, which know `digits` and `mnist`."""
    if not redis_server.available():
        pytest.skip(redis_server.MISSING)
    specs = {"digits": digits(), "mnist": (WORKFLOWS / "mnist.yaml").read_text()}
    folder = tmp_path_factory.mktemp("celery")
    data = os.environ.get("MILLRACE_DATA", "")
    variables = {"MNIST": f"{data}/mnist"} if data else {}
    with cluster(folder, server, specs, ["one", "two"], variables) as running:
        yield running


def executions(catalog: Catalog, dag_id: str, run_id: str) -> list[ExecutionRecord]:
    with catalog:
        record = catalog.runs.find(dag_id, run_id)
        assert record is not None
        return catalog.executions.of_run(record.id)


@pytest.mark.data
def test_mnist_runs_on_workers_that_share_no_disk(data_folder: Path, two: Cluster) -> None:
    client = two.airflow.client
    client.trigger("mnist", {"limit": 1000, "epochs": 1}, "first")
    assert two.airflow.wait("mnist", "first", SECONDS) == "success"
    made = executions(two.airflow.catalog, "mnist", "first")
    assert {one.stage for one in made} >= {"collect", "integrate", "train", "evaluate"}
    assert {one.state for one in made} == {"done"}


@dataclass(frozen=True)
class Disturbed:
    """What is known of a run whose training's worker was killed.

    Attributes:
        state: its end. hosts: addresses of workers, by task, when the training ran.
        logs: of a task that each worker did, by its address. killed: the worker's address.
        attempt: of the training at the end, and where it was done.
    """

    state: str
    hosts: dict[str, set[str]]
    logs: dict[str, str]
    killed: str
    attempt: tuple[int, str]


@pytest.fixture(scope="module")
def disturbed(two: Cluster) -> Disturbed:
    """`digits`, with the worker killed that trains, once it has trained an epoch or two."""
    client = two.airflow.client
    client.trigger("digits", CONF, "disturbed")
    training = wait_for_training(two)
    hosts = two.hosts("digits", "disturbed")
    logs = {}
    for one in client.task_instances("digits", "disturbed"):
        if one["task_id"] == "partition.clean":
            place = ("digits", "disturbed", one["task_id"], one["map_index"], one["try_number"])
            logs[one["hostname"]] = client.log(*place)
    (worker,) = [one for one in two.workers.values() if one.address == training["hostname"]]
    assert worker.kill() > 2
    state = two.airflow.wait("digits", "disturbed", SECONDS)
    (end,) = [t for t in client.task_instances("digits", "disturbed") if t["task_id"] == "train"]
    return Disturbed(state, hosts, logs, worker.address, (end["try_number"], end["hostname"]))


def wait_for_training(two: Cluster) -> dict[str, Any]:
    """Return the training's task instance once its log tells of an epoch."""
    client, end = two.airflow.client, time.monotonic() + SECONDS
    while time.monotonic() < end:
        state = client.run("digits", "disturbed")["state"]
        assert state in {"queued", "running"}, state
        for one in client.task_instances("digits", "disturbed"):
            if one["task_id"] == "train" and one["state"] == "running":
                log = client.log("digits", "disturbed", "train", -1, one["try_number"])
                if "epoch 1/" in log or "epoch 2/" in log:
                    return one
        time.sleep(0.5)
    raise AssertionError("no training")


def test_partitions_are_spread_over_both_workers(two: Cluster, disturbed: Disturbed) -> None:
    addresses = {one.address for one in two.workers.values()}
    partitions = ("partition.collect", "partition.clean", "partition.transform")
    assert set().union(*(disturbed.hosts[name] for name in partitions)) == addresses
    made = executions(two.airflow.catalog, "digits", "disturbed")
    keys = {one.key for one in made if one.stage in ("collect", "clean", "transform")}
    disks = [{lock.stem for lock in one.home.glob("locks/*")} for one in two.workers.values()]
    assert len(keys) == 18
    assert all(keys & disk for disk in disks)
    assert keys <= disks[0] | disks[1]


def test_the_logs_of_each_worker_reach_the_server(two: Cluster, disturbed: Disturbed) -> None:
    assert set(disturbed.logs) == {one.address for one in two.workers.values()}
    for address, log in disturbed.logs.items():
        assert "Executing clean of uci/" in log, address
        assert f"http://{address}:" in log, address  # where the server read it


def test_a_run_survives_a_worker_that_is_killed(two: Cluster, disturbed: Disturbed) -> None:
    assert disturbed.state == "success"
    attempt, address = disturbed.attempt
    assert attempt == 2
    assert address != disturbed.killed
    states = [
        (one.attempt, one.state)
        for one in executions(two.airflow.catalog, "digits", "disturbed")
        if one.stage == "train"
    ]
    assert states == [(1, "lost"), (2, "done")]


def test_the_results_are_those_of_a_local_run(
    two: Cluster, disturbed: Disturbed, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(two.folder / "workflows"))
    with Catalog(f"sqlite:///{home / 'catalog.db'}") as catalog:
        home.mkdir()
        catalog.migrate()
        run_id = run_workflow("digits", CONF)["run_id"]
    local = results(executions(catalog, "digits", run_id))
    assert len(local) > 20
    assert results(executions(two.airflow.catalog, "digits", "disturbed")) == local


def results(made: list[ExecutionRecord]) -> dict[tuple[str, str | None], str]:
    """Return the digest of what each stage made, by stage and partition."""
    return {(one.stage, one.partition): one.output.digest for one in made if one.output}
