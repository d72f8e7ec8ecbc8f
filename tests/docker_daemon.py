"""The Docker daemon and the images that tests need; a missing part is a reason to skip.

`MILLRACE_STRICT` turns those skips into failures, as it does all others.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import pytest

TRAINER = "millrace-trainer:cpu"
AIRFLOW = "millrace-airflow:latest"
NO_DAEMON = "No Docker daemon answers `docker version` on this machine"
_LABEL = "org.millrace.test"


@lru_cache(maxsize=1)
def daemon_answers() -> bool:
    """Whether a daemon can be reached; asked once a process."""
    if shutil.which("docker") is None:
        return False
    return _run("version", "--format", "{{.Server.Version}}").returncode == 0


def has_image(name: str) -> bool:
    """Whether the daemon has an image."""
    return daemon_answers() and _run("image", "inspect", name).returncode == 0


def need_daemon() -> None:
    """Skip the test where no daemon answers."""
    if not daemon_answers():
        pytest.skip(NO_DAEMON)


def need_image(name: str = TRAINER) -> str:
    """Skip the test where the image is not built; return its name."""
    need_daemon()
    if not has_image(name):
        pytest.skip(f"The image {name} is not on this machine; `make images` builds it")
    return name


def docker(*arguments: object, timeout: float = 60) -> str:
    """Run a docker command that must succeed and return what it printed."""
    done = _run(*arguments, timeout=timeout)
    if done.returncode:
        command = " ".join(map(str, arguments))
        raise RuntimeError(f"docker {command}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout.strip()


def containers(label: str) -> list[str]:
    """Return the names of all containers, running or not, with a label ``key`` or ``key=value``."""
    listed = docker("ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}")
    return listed.split()


@contextmanager
def labelled(owner: str) -> Iterator[str]:
    """Give a label for the containers of one test and remove what is left of them."""
    label = f"{_LABEL}={owner}"
    try:
        yield label
    finally:
        for name in containers(label):
            _run("rm", "--force", "--volumes", name)


def _run(*arguments: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
