"""Eight partitions of MNIST on two Celery workers against one: wall time of their tasks.

Usage: ``MNIST=<folder> python benchmarks/celery_partitions.py [--rounds 5] [--concurrency 1]``

Airflow runs with the settings of docker-compose.yml as in `tests/celery_airflow.py`: PostgreSQL,
Redis, S3 over HTTP, workers with a disk each, here on one machine, so its cores bound the gain. In
every round the 60,000 training pictures go in eight partitions through collect, clean and
transform, all computed anew; the time is from the start of the first of these 24 tasks to the end
of the last, by Airflow's own record. A run is ended once they are done. One round warms up.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "include"))
sys.path.append(str(Path(__file__).parents[1] / "tests"))

from common import machine, show

import postgres_server
import redis_server
from celery_airflow import Cluster, cluster, wait_until

SPEC = """\
version: 1
name: eight
task: image_classification
sources:
  - name: train
    kind: idx
    images: "${MNIST}/train-images-idx3-ubyte.gz"
    labels: "${MNIST}/train-labels-idx1-ubyte.gz"
    partition_rows: 7500
transform: {size: [28, 28], channels: 1}
model: {kind: mlp, hidden: [16]}
train: {epochs: 1}
gate: {accuracy: 0.1}
"""
_TASKS = ("partition.collect", "partition.clean", "partition.transform")
_LATEST = 1800.0  # seconds


def main() -> None:
    """Measure one worker, then two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--concurrency", type=int, default=1, help="tasks at once in a worker")
    arguments = parser.parse_args()
    if not os.environ.get("MNIST") or not Path(os.environ["MNIST"]).is_dir():
        raise SystemExit("set MNIST to a folder with the four IDX files")
    for part in (postgres_server, redis_server):
        if not part.available():
            raise SystemExit(part.MISSING)
    one, two = measure(arguments.rounds, arguments.concurrency)
    show(
        f"24 tasks of 8 partitions, {arguments.concurrency} at once in a worker ({machine()})",
        [
            ("one worker, median", f"{statistics.median(one):.1f} s ({listed(one)})"),
            ("two workers, median", f"{statistics.median(two):.1f} s ({listed(two)})"),
            ("one / two", f"{statistics.median(one) / statistics.median(two):.2f}"),
        ],
    )


def measure(rounds: int, concurrency: int) -> tuple[list[float], list[float]]:
    """Return the seconds of every round with one worker, and with two."""
    server = postgres_server.PostgresServer()
    try:
        with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as folder:
            variables = {"MNIST": os.environ["MNIST"]}
            started = cluster(
                Path(folder), server, {"eight": SPEC}, ["one"], variables, concurrency
            )
            with started as airflow:
                one = [seconds(airflow, f"one-{number}") for number in range(rounds + 1)]
                airflow.add("two")
                second = airflow.workers["two"]
                wait_until(lambda: second.ready, second.process)
                two = [seconds(airflow, f"two-{number}") for number in range(rounds + 1)]
                return one[1:], two[1:]
    finally:
        server.stop()


def seconds(made: Cluster, run_id: str) -> float:
    """Return the wall time of a run's partitions; end the run when they are done."""
    client = made.airflow.client
    client.trigger("eight", {"force": ["collect", "clean", "transform"]}, run_id)
    end = time.monotonic() + _LATEST
    while time.monotonic() < end:
        tasks = [t for t in client.task_instances("eight", run_id) if t["task_id"] in _TASKS]
        states = [one["state"] for one in tasks]
        if len(tasks) == 8 * len(_TASKS) and set(states) == {"success"}:
            break
        if "failed" in states or "upstream_failed" in states:
            raise SystemExit(f"the run {run_id} failed")
        time.sleep(0.5)
    else:
        raise SystemExit(f"the run {run_id} did not end")
    client._call("PATCH", f"/dags/eight/dagRuns/{run_id}?update_mask=state", {"state": "failed"})
    wait_until(lambda: idle(made, run_id), made.workers["one"].process)
    starts, ends = (
        [datetime.fromisoformat(one[name]) for one in tasks] for name in ("start_date", "end_date")
    )
    return (max(ends) - min(starts)).total_seconds()


def idle(made: Cluster, run_id: str) -> bool:
    """Whether no task of a run is at work or waits for a worker."""
    states = made.airflow.states("eight", run_id).values()
    return {"queued", "scheduled", "running"}.isdisjoint(states)


def listed(values: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


if __name__ == "__main__":
    main()
