"""A runtime on the real daemon whose jobs are short, and run the checkout's code in the image."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import docker_daemon
import small_jobs
from millrace.artifacts.store import Store
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.daemon import Daemon, connect
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.options import ContainerOptions, Mounted
from millrace.jobs.runtimes.docker.runtime import DockerRuntime

PROJECT = Path(__file__).parents[3]
INSIDE = "/opt/millrace/include"  # of the image


@pytest.fixture
def image() -> str:
    return docker_daemon.need_image()


@pytest.fixture
def label(image: str) -> Iterator[str]:
    """A label of one test's containers, which are gone after it."""
    with docker_daemon.labelled(f"docker-runtime-{uuid4().hex[:8]}") as made:
        yield made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "store").mkdir()
    return Store((tmp_path / "store").as_uri())


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a source's reader, which containers see."""
    folder = small_jobs.install(tmp_path / "code")
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def request_for(reader: Path) -> Callable[..., JobRequest]:
    """Make requests that collect three records; ``wait`` takes so many seconds."""

    def make(do: str = "nothing", seconds: int = 60, **more: Any) -> JobRequest:
        return small_jobs.request_for(do, options={"seconds": seconds}, **more)

    return make


@pytest.fixture
def options(image: str, reader: Path, store: Store) -> ContainerOptions:
    """Options with the checkout's code over the image's, so that an older image does, too."""
    package, root = PROJECT / "include" / "millrace", store.local_root
    plain = ContainerOptions(image)
    return ContainerOptions(
        image,
        mounts=(
            Mounted(str(root), str(root)),
            Mounted(str(reader), str(reader), read_only=True),
            Mounted(str(package), f"{INSIDE}/millrace", read_only=True),
        ),
        environment={**plain.environment, "PYTHONPATH": f"{INSIDE}:{reader}"},
        user="0:0",
    )


@pytest.fixture
def runtime_for(
    options: ContainerOptions, label: str, tmp_path: Path
) -> Iterator[Callable[..., DockerRuntime]]:
    """Make runtimes whose containers the test's end removes."""
    name, _, value = label.partition("=")
    daemons: list[Daemon] = []

    def make(notes: Memory | None = None, way: Callable[[], Any] = connect, **more: Any) -> Any:
        given = ContainerOptions(**{**vars(options), **more})
        daemons.append(Daemon(way))
        return DockerRuntime(daemons[-1], lambda *_: given, {name: value}, notes or Memory())

    yield make
    for daemon in daemons:
        daemon.close()


@pytest.fixture
def begun(label: str) -> Callable[[], str]:
    """Wait until a container of the test prints; return its name."""

    def wait() -> str:
        for _ in range(200):
            for name in docker_daemon.containers(label):
                with suppress(RuntimeError):  # it is gone already
                    if "tick" in docker_daemon.docker("logs", name):
                        return name
            threading.Event().wait(0.1)
        raise AssertionError("no container of the test began to work")

    return wait
