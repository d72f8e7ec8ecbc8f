"""The local runtime: a real child process, its failures, its death and its lifeline."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import small_jobs
from millrace.artifacts.store import Store
from millrace.errors import DataError, ExitCode, SpecError, TransientError
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.process import run_process


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store((tmp_path / "store").as_uri())


@pytest.fixture
def request_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., JobRequest]:
    folder = small_jobs.install(tmp_path / "code")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.syspath_prepend(str(folder))
    return small_jobs.request_for


def run(store: Store, request: JobRequest, tmp_path: Path) -> Any:
    return run_process(request, store, tmp_path / "scratch", lambda event: None)


def test_a_child_publishes_what_it_made(
    store: Store, request_for: Callable[..., JobRequest], tmp_path: Path
) -> None:
    artifact = run(store, request_for(), tmp_path)
    assert artifact.ref.rows == 3
    assert artifact.manifest.provenance["peak_memory_bytes"] > 10_000_000


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        ("data", DataError, "a.bin: the file is torn. Fetch it again."),
        ("later", TransientError, "the disk is busy"),
        ("die", TransientError, "killed by signal 9"),
    ],
)
def test_a_childs_failure_arrives_as_its_kind(
    store: Store,
    request_for: Callable[..., JobRequest],
    tmp_path: Path,
    do: str,
    kind: type[Exception],
    text: str,
) -> None:
    with pytest.raises(kind, match=text):
        run(store, request_for(do), tmp_path)
    assert list(store.keys()) == []


def test_a_bug_shows_the_end_of_the_childs_output(
    store: Store, request_for: Callable[..., JobRequest], tmp_path: Path
) -> None:
    with pytest.raises(Exception, match=f"ended with code {int(ExitCode.BUG)}"):
        run(store, request_for("bug"), tmp_path)


@pytest.fixture
def launcher(
    store: Store, request_for: Callable[..., JobRequest], tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process that runs a child which waits; yield it and the child's process id."""
    flag = tmp_path / "flag"
    request = request_for("wait", options={"flag": str(flag)})
    (tmp_path / "request.json").write_bytes(request.to_bytes())
    code = (
        "import sys; from pathlib import Path\n"
        "from millrace.artifacts.store import Store\n"
        "from millrace.jobs.request import JobRequest\n"
        "from millrace.jobs.runtimes.process import run_process\n"
        "request = JobRequest.from_bytes(Path(sys.argv[1]).read_bytes(), '')\n"
        "run_process(request, Store(sys.argv[2]), Path(sys.argv[3]), lambda event: None)\n"
    )
    arguments = [tmp_path / "request.json", store.uri, tmp_path / "scratch"]
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)])
    deadline = time.monotonic() + 60
    while not (flag.exists() and flag.read_text()):
        assert time.monotonic() < deadline, "the child never started"
        time.sleep(0.05)
    yield process, int(flag.read_text())
    process.kill()
    process.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_does_not_outlive_its_launcher(
    launcher: tuple[subprocess.Popen[bytes], int], how: signal.Signals
) -> None:
    process, child = launcher
    process.send_signal(how)
    process.wait(10)
    psutil.wait_procs([p for p in psutil.process_iter() if p.pid == child], timeout=8)
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_the_command_refuses_what_is_no_request(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "millrace.jobs"]
    done = subprocess.run([*command, "x"], capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.SPEC
    assert "not the URI of a request" in done.stdout


def test_the_command_refuses_a_request_of_a_newer_format(store: Store) -> None:
    document = {"format": 99}
    uri = store.write_document("requests/new.json", json.dumps(document).encode())
    command = [sys.executable, "-m", "millrace.jobs", uri]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == ExitCode.SPEC
    assert "unknown request format" in done.stdout


def test_an_unknown_stage_is_a_spec_error(store: Store, tmp_path: Path) -> None:
    request = JobRequest("nothing", "a" * 64, {}, {}, {}, attempt="1")
    with pytest.raises(SpecError, match="unknown stage"):
        run(store, request, tmp_path)


def test_a_request_of_other_code_or_versions_is_refused(
    store: Store, request_for: Callable[..., JobRequest], tmp_path: Path
) -> None:
    request = request_for()
    parts = {**request.key_parts, "environment": {"python": "2.7"}}
    other = dataclasses.replace(request, key_parts=parts)
    with pytest.raises(SpecError, match=r"python 2.7 -> 3.*make images"):
        run(store, other, tmp_path)
