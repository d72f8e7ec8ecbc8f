"""What a container costs over a process: seconds until training's first step, and when cached.

    make images && .venv/bin/python benchmarks/container_overhead.py

Runs `digits` with the runtime Docker on an embedded installation of its own, then again with
nothing changed: the cost of the cached task `train` is its time by Airflow's own record, which no
container may be part of. Then the same request is performed by a child process and by a container,
in turn, each time in a store that has only its inputs: from the launch to the event that training
writes before its first step. Target of the cached task: 1 s.
"""

from __future__ import annotations

import shutil
import statistics
import time
from datetime import datetime
from pathlib import Path

from common import machine, own_home, seconds_of_run, show

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes import Runtime
from millrace.jobs.runtimes.docker.place import docker_place
from millrace.jobs.runtimes.process import run_process
from millrace.orchestration.rest import AirflowClient
from millrace.settings import Settings
from millrace.workflow.resources import Resources

TIMES = 5


def seconds_of_training(airflow: AirflowClient) -> float:
    """Run `digits` and return the seconds of its task `train` by Airflow's own record."""
    seconds_of_run(airflow, "digits")
    runs = airflow._pages("/dags/digits/dagRuns?order_by=-id", "dag_runs")
    newest = max(runs, key=lambda run: run["start_date"])
    tasks = airflow.task_instances("digits", newest["dag_run_id"])
    (train,) = [task for task in tasks if task["task_id"] == "train"]
    start, end = (datetime.fromisoformat(train[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()


def cached(times: int) -> list[float]:
    """Return the seconds of `train`: the first computes, the others come from the store."""
    from millrace.orchestration.embedded.address import client
    from millrace.orchestration.embedded.down import down
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.embedded.up import up

    installation = Installation.load()
    up(installation, lambda text: None)
    try:
        with client(installation) as airflow:
            return [seconds_of_training(airflow) for _ in range(times + 1)]
    finally:
        down(installation, lambda text: None)


def training_request(root: Path) -> JobRequest:
    """Return the request of the training that a store's installation has performed."""
    for path in (root / "documents" / "requests").iterdir():
        request = JobRequest.from_bytes(path.read_bytes(), str(path))
        if request.stage == "train":
            return request
    raise SystemExit("there was no training in a container")


def until_first_step(perform: Runtime, request: JobRequest, root: Path) -> tuple[float, Artifact]:
    """Return the seconds to the first event, and what was made, in a copy of the store."""
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    try:
        (copy / "manifests" / request.key[:2] / f"{request.key}.json").unlink()
        seen: list[float] = []
        start = time.time()
        store = Store(copy.as_uri())
        made = perform(request, store, copy / "scratch", lambda event: seen.append(event["at"]))
        return seen[0] - start, made
    finally:
        shutil.rmtree(copy)


def compared(times: int) -> tuple[list[float], list[float]]:
    """Return the seconds to the first step, of processes and of containers, in turn."""
    settings = Settings.load()
    root = Path(settings.store.removeprefix("file://"))
    request = training_request(root)
    place = docker_place(settings, "train", Resources())
    runtimes: tuple[Runtime, Runtime] = (run_process, place.runtime)
    both: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        made = set()
        for runtime, seconds in zip(runtimes, both, strict=True):
            waited, artifact = until_first_step(runtime, request, root)
            seconds.append(waited)
            made.add(artifact.ref.digest)
        if len(made) != 1:
            raise SystemExit(f"a process and a container made different bundles: {made}")
    return both


def said(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s"


def main() -> None:
    with own_home(MILLRACE_RUNTIME="docker"):
        first, *again = cached(TIMES)
        here, boxed = compared(TIMES)
    difference = [b - h for b, h in zip(boxed, here, strict=True)]
    show(
        f"A container instead of a process ({machine()}), {TIMES} times, medians",
        [
            ("to the first step, process", said(here)),
            ("to the first step, container", said(boxed)),
            ("overhead of the container", said(difference)),
            ("task `train`, computed in a container (once)", f"{first:.2f} s"),
            ("task `train`, cached", said(again)),
        ],
    )


if __name__ == "__main__":
    main()
