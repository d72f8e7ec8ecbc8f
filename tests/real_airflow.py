"""A real embedded Airflow for tests: scheduler, executor, API server, in a temporary folder."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError
from millrace.orchestration.embedded import address
from millrace.orchestration.embedded.down import down
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.up import up
from millrace.orchestration.rest import AirflowClient

PROJECT = Path(__file__).parents[1]

DAG_FILE = '''\
"""The Airflow DAGs of `{name}`."""
from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("{name}"))
'''


@dataclass(frozen=True)
class Running:
    """A running Airflow and the client that speaks with it."""

    installation: Installation
    client: AirflowClient

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.installation.settings.catalog)

    def run(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> str:
        self.client.trigger(dag_id, conf, run_id)
        return self.wait(dag_id, run_id)

    def wait(self, dag_id: str, run_id: str, seconds: float = 180) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = str(self.client.run(dag_id, run_id)["state"])
            if state in {"success", "failed"}:
                return state
            time.sleep(0.3)
        raise AssertionError(f"{dag_id} {run_id} did not end: {self.states(dag_id, run_id)}")

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        tasks = self.client.task_instances(dag_id, run_id)
        return {f"{task['task_id']} {task['map_index']}": str(task["state"]) for task in tasks}

    def errors(self, run_id: str) -> str:
        """Return what the tasks' logs of a run say of errors: for a test that fails."""
        logs = self.installation.airflow_home.glob(f"logs/*/run_id={run_id}/**/*.log")
        lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
        return "\n".join(line for line in lines if '"level":"error"' in line.replace(" ", ""))

    def settle(self, seconds: float = 240) -> None:
        """Wait until no run of any DAG waits or runs, and the catalog knows it."""
        deadline = time.monotonic() + seconds
        quiet = 0
        while time.monotonic() < deadline:
            with self.catalog as catalog:
                open_runs = [r for r in catalog.runs.latest(limit=100) if r.state == "running"]
            quiet = 0 if open_runs or self.client.active_runs() else quiet + 1
            if quiet >= 3:
                return
            time.sleep(0.5)
        raise AssertionError(f"still running: {open_runs or self.client.active_runs()}")

    def clear(self, dag_id: str, run_id: str, **body: Any) -> None:
        """Clear tasks of a run; all of them where no `task_ids` are given.

        Airflow answers 500 where a task of the run writes at that moment; a person clicks again.
        """
        path = f"/dags/{dag_id}/clearTaskInstances"
        fixed = {"dry_run": False, "only_failed": False, "dag_run_id": run_id}
        for wait in (1, 2, 4):
            try:
                self.client._call("POST", path, {**fixed, **body})
                return
            except TransientError:
                time.sleep(wait)
        self.client._call("POST", path, {**fixed, **body})


@contextmanager
def started(
    folder: Path, specs: Mapping[str, str], variables: Mapping[str, str]
) -> Iterator[Running]:
    """Start an Airflow with the workflows `specs` (name to YAML); stop it at the end."""
    for name, text in specs.items():
        _write(folder / "dags" / f"{name}.py", DAG_FILE.format(name=name))
        _write(folder / "workflows" / f"{name}.yaml", text)
    installation = Installation.load(
        {
            "MILLRACE_PROJECT": str(PROJECT),
            "MILLRACE_HOME": str(folder / "home"),
            "MILLRACE_DAGS": str(folder / "dags"),
            "MILLRACE_WORKFLOWS": str(folder / "workflows"),
            "MILLRACE_PORT": str(_free_port()),
            **variables,
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO")  # the suite's own is WARNING
        for name, value in variables.items():
            patch.setenv(name, value)
        up(installation, lambda _: None)
    try:
        with address.client(installation) as client:
            yield Running(installation, client)
    finally:
        down(installation, lambda _: None)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
