"""A task's process that is killed: its pod goes on, and the retry attaches to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import pod_jobs

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]
TASK = """
import sys
from pathlib import Path
import pod_jobs, small_jobs
from millrace.artifacts.store import Store
folder, go = Path(sys.argv[1]), sys.argv[2]
context = pod_jobs.context(pod_jobs.State(folder / "manual__1.json"))
request = small_jobs.request_for("wait", options={"go": go})
pod_jobs.make_step().perform(request, Store((folder / "store").as_uri()), print, context)
"""


@contextmanager
def _started(folder: Path, go: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the task in a process of its own, which does not outlive the test."""
    project = Path(__file__).parents[2]
    paths = (project / "include", project / "tests", folder / "code")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    command = [sys.executable, "-c", TASK, str(folder), go]
    with subprocess.Popen(command, env=environment) as task:
        try:
            yield task
        finally:
            task.kill()


def test_the_retry_of_a_killed_worker_attaches_to_its_pod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    with pod_jobs.cluster(tmp_path, monkeypatch) as cluster, _started(tmp_path, str(go)) as task:
        pod = cluster.running()
        cluster.await_state("pod_log")
        task.kill()
        task.wait()
        thread, came = cluster.perform_aside(do="wait", go=str(go), attempt="1-2")
        cluster.await_logs(2)
        assert pod.process is not None
        assert pod.process.poll() is None
        go.touch()
        thread.join(pod_jobs.PATIENCE)
        assert came[0].ref.rows == 3
        assert len(cluster.api.created) == 1
        assert cluster.api.logged[1] is not None  # from where the killed one was
