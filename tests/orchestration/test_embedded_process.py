"""Finding and stopping what was started: never a stranger, never half of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from millrace.orchestration.embedded.process import ManagedProcess, birth, kill, marked

_FAMILY = """
import subprocess, sys, time
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # airflow"])
away = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                        start_new_session=True)
print(own.pid, away.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[ManagedProcess]:
    """A process with two children, one of which left its session."""
    env = {**os.environ, "MILLRACE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", _FAMILY]
    started = ManagedProcess.start("scheduler", command, env, tmp_path, tmp_path / "log")
    yield started
    kill([*started.members(), *marked(tmp_path, ["scheduler"])])


def _family(process: ManagedProcess) -> list[int]:
    end = time.monotonic() + 20
    while not (text := Path(process.log).read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    return [int(word) for word in text.split()]


def test_the_file_finds_the_same_process_again(process: ManagedProcess, tmp_path: Path) -> None:
    process.write(tmp_path / "pid.json")
    found = ManagedProcess.read(tmp_path / "pid.json")
    assert found == process
    assert found.alive


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": 1}', "12345"])
def test_a_damaged_file_names_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid.json").write_text(text)
    assert ManagedProcess.read(tmp_path / "pid.json") is None


def test_a_recycled_id_is_a_stranger_and_survives(process: ManagedProcess) -> None:
    stale = replace(process, birth="another-boot/1")
    stale.ask_to_stop()
    assert not stale.alive
    assert stale.members() == []
    same_boot = replace(process, birth=f"{process.birth.partition('/')[0]}/1")
    same_boot.ask_to_stop()
    assert same_boot.members() == []
    time.sleep(0.2)
    assert process.alive


def test_members_are_found_after_their_leader_was_killed(process: ManagedProcess) -> None:
    own, _ = _family(process)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(5)
    assert own in [member.pid for member in process.members()]


def test_a_child_that_left_the_session_is_found_by_its_mark(
    process: ManagedProcess, tmp_path: Path
) -> None:
    own, away = _family(process)
    assert away not in [member.pid for member in process.members()]
    found = {one.pid for one in marked(tmp_path, ["scheduler"])}
    assert found == {process.pid, own, away}


def test_marks_of_other_homes_and_components_are_left_alone(
    process: ManagedProcess, tmp_path: Path
) -> None:
    _family(process)
    assert marked(tmp_path / "other", ["scheduler"]) == []
    assert marked(tmp_path, ["api-server"]) == []


def test_kill_leaves_nothing_and_counts(process: ManagedProcess, tmp_path: Path) -> None:
    pids = [process.pid, *_family(process)]
    assert kill([*process.members(), *marked(tmp_path, ["scheduler"])]) == 3
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_a_zombie_is_dead(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert birth(child.pid) is None
    child.wait()


def test_the_earlier_log_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("what happened before")
    done = ManagedProcess.start("triggerer", [sys.executable, "-c", ""], os.environ, tmp_path, log)
    assert done.wait(20)
    assert (tmp_path / "log.1").read_text() == "what happened before"
