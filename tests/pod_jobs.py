"""Small jobs for pods, and what a task step needs of Airflow to perform them."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import pod_api
import small_jobs
from certificates import Certificates
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import MillraceError
from millrace.workflow.resources import Resources

os.environ.update(  # read when the provider is imported
    AIRFLOW__WORKERS__API_RETRY_WAIT_MIN="0.1", AIRFLOW__WORKERS__API_RETRY_WAIT_MAX="0.4"
)
PATIENCE = 120  # seconds


class State:
    """Airflow's task state, in a file, so that it outlives the task's process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()

    def get(self, name: str) -> Any:
        return self._read().get(name)

    def set(self, name: str, value: Any) -> None:
        with self.lock:
            aside = self.path.with_suffix(".new")
            aside.write_text(json.dumps({**self._read(), name: value}))
            aside.replace(self.path)

    def _read(self) -> dict[str, Any]:
        return dict(json.loads(self.path.read_text())) if self.path.exists() else {}


def context(state: State, *, attempt: int = 1, run: str = "manual__1") -> dict[str, Any]:
    """Return what the operator reads of a task's context."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="tiny", task_id="train", map_index=-1, try_number=attempt, pushed=pushed,
        xcom_push=lambda key, value: pushed.update({key: value}),
    )  # fmt: skip
    return {"ti": ti, "run_id": run, "dag": SimpleNamespace(), "task_state_store": state}


def make_step(**resources: Any) -> Any:
    """Return the operator of a training, as it is in a task's process."""
    from millrace.orchestration.pod_step import PodStep

    asked = Resources(**resources)
    return PodStep(
        task_id="train", workflow="tiny", purpose="training", step="train", taken={},
        resources=asked,
    )  # fmt: skip


@contextmanager
def cluster(
    folder: Path, patch: pytest.MonkeyPatch, made: Certificates | None = None
) -> Iterator[Cluster]:
    """Run a cluster, and let this process be an installation that uses it."""
    import millrace.orchestration.pod_step  # noqa: F401 - takes seconds, and tests wait for less

    code = small_jobs.install(folder / "code")
    patch.syspath_prepend(str(code))
    with pod_api.serve(made) as api:
        api.image["PYTHONPATH"] += os.pathsep + str(code)
        patch.setenv(
            "AIRFLOW_CONN_KUBERNETES_DEFAULT", connection(api, folder, made and made.authority)
        )
        patch.setenv("MILLRACE_STORE", (folder / "store").as_uri())
        patch.setenv("MILLRACE_POD_CLAIM", "store")
        yield Cluster(api, folder)


def connection(api: pod_api.PodApi, folder: Path, authority: Path | None = None) -> str:
    """Return Airflow's connection `kubernetes_default` to an API, and whom it trusts."""
    extra = {"kube_config_path": str(api.config(folder, authority)), "namespace": "jobs"}
    return json.dumps({"conn_type": "kubernetes", "extra": extra})


class Cluster:
    """An installation whose jobs are performed in pods of the API."""

    def __init__(self, api: pod_api.PodApi, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.store = Store((folder / "store").as_uri())
        self.events: list[Any] = []

    def perform(self, *, run: str = "manual__1", attempt: str = "1-1", **options: Any) -> Artifact:
        """Perform a job in a pod, as a task's process of its own."""
        resources = options.pop("resources", {})
        replace = options.pop("replace", False)
        do = options.pop("do", "nothing")
        more = {"attempt": attempt, "replace": replace}
        request = small_jobs.request_for(do, options=options, **more)
        self.step = make_step(**resources)
        state = State(self.folder / f"{run}.json")
        ctx = context(state, run=run)
        made: Artifact = self.step.perform(request, self.store, self.events.append, ctx)
        return made

    def perform_aside(self, **options: Any) -> tuple[threading.Thread, list[Any]]:
        """Perform a job while the test does something else; the list gets what came of it."""
        came: list[Any] = []

        def perform() -> None:
            try:
                came.append(self.perform(**options))
            except MillraceError as error:
                came.append(error)

        thread = threading.Thread(target=perform, daemon=True)
        thread.start()
        return thread, came

    def running(self) -> pod_api.RunningPod:
        """Return the pod, once its container has said something."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for pod in list(self.api.pods.values()):
                if any(b"tick" in line for _, line in pod.lines):
                    return pod
            time.sleep(0.05)
        raise AssertionError("no pod ran")

    def await_logs(self, count: int) -> None:
        """Wait until the log was asked for so often."""
        self._await(lambda: len(self.api.logged) >= count)

    def await_gone(self) -> None:
        """Wait until no pod is left."""
        self._await(lambda: not self.api.pods)

    def await_state(self, name: str) -> None:
        """Wait until the first task keeps something of this name in its state."""
        state = State(self.folder / "manual__1.json")
        self._await(lambda: state.get(name) is not None)

    def _await(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen")
            time.sleep(0.05)
