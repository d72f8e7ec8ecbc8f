"""Facts of the built images, asked once each, and small jobs to perform in them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
from docker_daemon import AIRFLOW, TRAINER, docker

Performed = Callable[[str, Path], subprocess.CompletedProcess[str]]
Started = Callable[..., subprocess.Popen[str]]

PROBE = """
import importlib.metadata, importlib.util, json, os, pathlib, py_compile, sys
roots = [path for path in sys.path if path.startswith("/opt/") and os.path.isdir(path)]
sources = [path for root in roots for path in pathlib.Path(root).rglob("*.py")]
def compiled(path):
    return os.path.exists(importlib.util.cache_from_source(str(path)))
def has(name):
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None
def name(found):
    return found.metadata["Name"].lower().replace("_", "-")
names = "airflow docker fab keras kubernetes millrace moto mypy pip pytest tensorflow".split()
print(json.dumps({
    "python": "%d.%d" % sys.version_info[:2],
    "user": [os.getuid(), os.getgid()],
    "has": {name: has(name) for name in names},
    "versions": {name(found): found.version for found in importlib.metadata.distributions()},
    "sources": len(sources),
    "compiled": sum(map(compiled, sources)),
    "ours_compiled": all(compiled(path) for path in sources if "/opt/millrace/" in str(path)),
    "writable": [p for p in ("/", "/opt", "/opt/venv", "/opt/millrace", "/etc", "/usr/bin")
                 if os.access(p, os.W_OK)],
    "scratch": oct(os.stat("/scratch").st_mode & 0o7777),
    "left": sorted(str(p) for root in ("/tmp", "/root", "/var/tmp")
                   if os.access(root, os.R_OK) for p in pathlib.Path(root).iterdir()),
    "environment": dict(os.environ),
}))
"""


def ask(image: str) -> dict[str, Any]:
    """Return what a Python process finds in a container of an image, and the image's document."""
    docker_daemon.need_image(image)
    found = docker("run", "--rm", "--network", "none", image, "python", "-c", PROBE)
    (document,) = json.loads(docker("image", "inspect", image))
    return {**json.loads(found.splitlines()[-1]), "image": document}


@pytest.fixture(scope="session")
def trainer() -> dict[str, Any]:
    return ask(TRAINER)


@pytest.fixture(scope="session")
def airflow() -> dict[str, Any]:
    return ask(AIRFLOW)


def mounted(folder: Path) -> Sequence[str]:
    """Arguments of `docker run` for a container that works in a folder of this machine as we do."""
    user = f"{os.getuid()}:{os.getgid()}"
    return ["--rm", "--network", "none", "--user", user, "-v", f"{folder}:{folder}"]


def perform(uri: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Perform a request in the trainer image, as closed in as a container can be."""
    closed = ["--read-only", "--tmpfs", "/scratch:mode=1777", "--cap-drop", "ALL"]
    command = [TRAINER, "python", "-m", "millrace.jobs", uri]
    return subprocess.run(
        ["docker", "run", *mounted(folder), *closed, *command],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def in_trainer() -> Performed:
    """Performs a request in the trainer image: its URI, the folder to mount."""
    docker_daemon.need_image(TRAINER)
    return perform


@pytest.fixture
def start_in_airflow(tmp_path: Path) -> Iterator[Started]:
    """Starts a command in the Airflow image: the folder to mount, variables, the command."""
    docker_daemon.need_image(AIRFLOW)
    with docker_daemon.labelled(tmp_path.name) as label, (tmp_path / "said").open("w") as said:

        def start(
            folder: Path, variables: Mapping[str, Path], *command: object
        ) -> subprocess.Popen[str]:
            given = [f"--env={name}={value}" for name, value in variables.items()]
            options = [*mounted(folder), "--label", label, *given]
            return subprocess.Popen(
                ["docker", "run", *options, AIRFLOW, *map(str, command)],
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
            )

        yield start
