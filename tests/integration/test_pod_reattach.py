"""A task's process that is killed: its pod goes on, and the retry attaches to it."""

from __future__ import annotations

import os
import subprocess
import sys
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
import pod_jobs
from millrace.artifacts.store import Store
folder, go = Path(sys.argv[1]), sys.argv[2]
context = pod_jobs.context(pod_jobs.State(folder / "manual__1.json"))
request = pod_jobs.request_for(do="wait", go=go)
pod_jobs.make_step().perform(request, Store((folder / "store").as_uri()), print, context)
"""


def _start(folder: Path, go: str) -> subprocess.Popen[bytes]:
    project = Path(__file__).parents[2]
    paths = (project / "include", project / "tests", folder / "code")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.Popen([sys.executable, "-c", TASK, str(folder), go], env=environment)


def test_the_retry_of_a_killed_worker_attaches_to_its_pod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = tmp_path / "go"
    with pod_jobs.cluster(tmp_path, monkeypatch) as cluster:
        task = _start(tmp_path, str(go))
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
