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
from millrace.artifacts.store import Store
from millrace.jobs.code import forget
from millrace.jobs.keys import key_of, key_parts
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.daemon import Daemon, connect
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.options import ContainerOptions, Mounted
from millrace.jobs.runtimes.docker.runtime import DockerRuntime
from millrace.jobs.stages import stage_named

PROJECT = Path(__file__).parents[3]
INSIDE = "/opt/millrace/include"  # of the image
READER = """
import sys, time
import numpy as np
from pathlib import Path
from millrace.data.sources.partition import Partition
from millrace.data.sources.raw import pixel_table
from millrace.errors import DataError, TransientError

class Reader:
    def __init__(self, document, do="read", value=0):
        self.do, self.value = do, value

    def partitions(self):
        return [Partition("s", 0, 0, 3, "f")]

    def read(self, partition):
        if self.do == "data":
            raise DataError("the file is torn", where="a.bin", remedy="Fetch it again.")
        if self.do == "later":
            raise TransientError("the disk is busy")
        if self.do == "bug":
            raise ZeroDivisionError("oops")
        if self.do == "eat":
            hoard = [np.ones(1 << 24) for _ in range(64)]
        if self.do == "fill":
            Path("/tmp/full").write_bytes(b"x" * (300 << 20))
        if self.do == "wait":
            for second in range(self.value * 4):
                print(f"tick {second}", flush=True)
                time.sleep(0.25)
        images = np.zeros((partition.rows, 2, 2, 1), np.uint8)
        yield pixel_table(partition, 0, images, ["a"] * partition.rows, "a.bin")
"""


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
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "container_source.py").write_text(READER)
    forget()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def request_for(reader: Path) -> Callable[..., JobRequest]:
    """Make requests that collect three records, in one way or another."""

    def make(do: str = "read", value: int = 0, **more: Any) -> JobRequest:
        kind = "container_source:Reader"
        options = {"do": do, "value": value}
        places = {"source": "s", "start": 0, "stop": 3, "fingerprint": "f", "member": None}
        params = {"kind": kind, "read": {"options": options}, "partition": places}
        parts = key_parts(stage_named("collect"), params, {})
        source = {"name": "s", "kind": kind, "options": options}
        locations = {"source": source, "at": {"index": 0}}
        given = {"locations": locations, "attempt": "1-1", **more}
        return JobRequest("collect", key_of(parts), parts, params, {}, **given)

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
