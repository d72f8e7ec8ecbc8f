"""Small jobs for pods, and what a task step needs of Airflow to perform them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from millrace.jobs.code import forget
from millrace.jobs.keys import key_of, key_parts
from millrace.jobs.request import JobRequest
from millrace.jobs.stages import stage_named
from millrace.workflow.resources import Resources

READER = """
import os, signal, time
import numpy as np
from pathlib import Path
from millrace.data.sources.partition import Partition
from millrace.data.sources.raw import pixel_table
from millrace.errors import DataError, SpecError, TransientError

class Reader:
    def __init__(self, document, do="read", go="/nonexistent"):
        self.do, self.go = do, Path(go)

    def read(self, partition):
        print("reading", os.environ.get("ACCESS", "nothing"))
        if self.do == "spec":
            raise SpecError("there is no such file", where="a.bin")
        if self.do == "data":
            raise DataError("the file is torn", where="a.bin", remedy="Fetch it again.")
        if self.do == "later":
            raise TransientError("the disk is busy")
        if self.do == "bug":
            raise ZeroDivisionError("oops")
        if self.do == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.do == "wait":
            for number in range(600):
                print("line", number, flush=True)
                time.sleep(0.1)
                if self.go.exists():
                    break
        images = np.zeros((partition.rows, 2, 2, 1), np.uint8)
        yield pixel_table(partition, 0, images, ["a"] * partition.rows, "a.bin")

    def partitions(self):
        return [Partition("s", 0, 0, 3, "f")]
"""


def install(folder: Path) -> Path:
    """Write the source `slow_source:Reader` and return the folder to import it from."""
    folder.mkdir()
    (folder / "slow_source.py").write_text(READER)
    forget()
    return folder


def request_for(attempt: str = "1-1", **options: str) -> JobRequest:
    """Return a request to collect three records with the source above."""
    kind = "slow_source:Reader"
    partition = {"source": "s", "start": 0, "stop": 3, "fingerprint": "f", "member": None}
    params = {"kind": kind, "read": {"options": options}, "partition": partition}
    parts = key_parts(stage_named("collect"), params, {})
    source = {"name": "s", "kind": kind, "options": options}
    places = {"source": source, "at": {"index": 0}}
    return JobRequest("collect", key_of(parts), parts, params, {}, places, attempt=attempt)


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
