"""`Stack`: an Airflow of our own that runs the workflow, and what it stands on.

It is emptied between runs and never stopped: store, catalog and predictions are new for each run,
so that every run computes everything.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from crash.daemon import Daemon
from crash.own_daemon import OwnDaemon
from crash.proxy import Proxy
from crash.shelf import Bucket, Disk, Shelf
from crash.watcher import Watcher
from crash.workflow import NAME, write_workflow
from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError
from millrace.jobs.runtimes.docker.names import installation as labels
from millrace.jobs.runtimes.docker.strays import GRACE, strays_of
from millrace.orchestration.embedded import address
from millrace.orchestration.embedded.components import component
from millrace.orchestration.embedded.down import down
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.up import up
from millrace.orchestration.rest import AirflowClient
from millrace.settings import Settings

PROJECT = Path(__file__).parents[2]

SETTINGS = {
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
}
"""Airflow notices what died sooner than in production, so that a run takes a minute less."""


@dataclass(frozen=True)
class Kind:
    """What a stack stands on.

    Attributes:
        s3: the store is on an S3 endpoint behind a proxy, not on this disk.
        docker: training runs in containers: on a daemon of the stack's ``own``, or on the machine's
            (``shared``); None: in processes.
        celery: tasks run on Celery workers, which share no disk.
    """

    s3: bool
    docker: Literal["own", "shared"] | None
    celery: bool = False

    def any(self) -> bool:
        """Every kind has it."""
        return True

    def process(self) -> bool:
        """Whether training runs in a process."""
        return self.docker is None

    def container(self) -> bool:
        """Whether training runs in containers."""
        return self.docker is not None

    def daemon(self) -> bool:
        """Whether the Docker daemon may be killed."""
        return self.docker == "own"

    def embedded(self) -> bool:
        """Whether `Stack.revive` can start Airflow's components again."""
        return not self.celery

    def proxied(self) -> bool:
        """Whether its S3 endpoint can be cut."""
        return self.s3 and not self.celery

    def workers(self) -> bool:
        """Whether it has Celery workers."""
        return self.celery


_TASK = re.compile(r"^airflow worker -- [0-9a-f]{8}-")  # the title that Airflow gives a task

KINDS = {
    "local": Kind(s3=False, docker=None),
    "s3": Kind(s3=True, docker=None),
    "docker": Kind(s3=False, docker="own"),
    "docker-s3": Kind(s3=True, docker="shared"),
    "celery": Kind(s3=True, docker=None, celery=True),
}


@dataclass(frozen=True)
class Stack:
    """A running Airflow with the workflow.

    Attributes:
        kind: of `KINDS`: what is special about it.
        installation, client: of its Airflow. shelf: its store.
        watcher: looks at it. daemon: its Docker daemon, or None.
        proxy: before its S3 endpoint, or None.
    """

    kind: str
    installation: Installation
    client: AirflowClient
    shelf: Shelf
    watcher: Watcher
    daemon: Daemon | None = None
    proxy: Proxy | None = None

    @property
    def settings(self) -> Settings:
        return self.installation.settings

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.settings.catalog)

    def component(self, name: str) -> psutil.Process | None:
        """Return the process of one of Airflow's components, or None where it does not run."""
        process = component(name).process(self.installation)
        return psutil.Process(process.pid) if process is not None and process.alive else None

    def revive(self) -> None:
        """Start again what is dead of Airflow; a second time where the machine was too slow."""
        try:
            up(self.installation, lambda _: None)
        except MillraceError:
            up(self.installation, lambda _: None)

    def roots(self) -> Iterator[psutil.Process]:
        """Yield the processes that start tasks."""
        scheduler = self.component("scheduler")
        if scheduler is not None:
            yield scheduler

    def supervisors(self) -> Iterator[tuple[psutil.Process, psutil.Process]]:
        """Yield the executor's processes that have a task, each with the task's own process."""
        for root in self.roots():
            with suppress(psutil.NoSuchProcess):
                for process in root.children(recursive=True):
                    with suppress(psutil.NoSuchProcess):
                        parent = process.parent()
                        if _TASK.search(" ".join(process.cmdline())) and parent is not None:
                            yield parent, process

    def empty(self) -> None:
        """Remove all results, as if nothing had ever run."""
        self.shelf.clear()
        for name in ("cache", "scratch", "reports"):
            shutil.rmtree(self.settings.home / name, ignore_errors=True)
        for url in (self.settings.catalog, self.settings.predictions):
            _remove_database(url)
        with self.catalog as catalog:
            catalog.migrate()

    def reap(self) -> int:
        """Let the product remove the containers that ended and nobody took; return how many."""
        if self.daemon is None:
            return 0
        with self.catalog as catalog, strays_of(self.settings, catalog) as strays:
            return len(strays.remove(datetime.now(UTC) + 2 * GRACE))

    def quiet(self, seconds: float = 120.0) -> bool:
        """Wait until no run of any DAG waits or runs; return whether it came to that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(MillraceError):
                if not self.client.active_runs():
                    return True
            time.sleep(0.5)
        return False


@contextmanager
def started(
    kind: str, folder: Path, epochs: int, server: Callable[[], Any], image: str
) -> Iterator[Stack]:
    """Start a stack below `folder`; stop and remove at the end what is not in the folder.

    Args:
        kind: of `KINDS`. folder: new, with a short path. epochs: of the training.
        server: makes an S3 endpoint. image: of the containers.
    """
    with ExitStack() as held:
        proxy: Proxy | None = None
        shelf: Shelf = Disk(folder / "home" / "store")
        if KINDS[kind].s3:
            shelf, proxy = _endpoint(held, server)
        daemon = _daemon(held, folder, image, KINDS[kind].docker)
        write_workflow(folder, "docker" if daemon else "local", epochs)
        variables = _variables(folder, shelf, daemon, image)
        held.enter_context(_environment({**variables, **SETTINGS}))
        installation = Installation.load(variables)
        held.callback(down, installation, lambda _: None)
        up(installation, lambda _: None)
        client = held.enter_context(address.client(installation))
        pause_predictions(client)
        watcher = Watcher(shelf, daemon, _label(installation))
        yield Stack(kind, installation, client, shelf, watcher, daemon, proxy)


def pause_predictions(client: AirflowClient) -> None:
    """Keep a new champion from starting a run of its own."""
    client._call("PATCH", f"/dags/{NAME}_predict?update_mask=is_paused", {"is_paused": True})


def _daemon(held: ExitStack, folder: Path, image: str, which: str | None) -> Daemon | None:
    """Return the daemon of the stack's containers, with the image."""
    if which != "own":
        return Daemon() if which else None
    daemon = OwnDaemon(folder / "docker")
    held.callback(daemon.close)
    daemon.start()
    daemon.load(image)
    return daemon


def _label(installation: Installation) -> str:
    """Return the label of the installation's containers."""
    ((name, value),) = labels(installation.settings.catalog).items()
    return f"{name}={value}"


def _endpoint(held: ExitStack, server: Callable[[], Any]) -> tuple[Shelf, Proxy]:
    """Start an S3 endpoint and a proxy before it."""
    made = server()
    held.callback(made.close)
    proxy = Proxy(int(made.url.rpartition(":")[2]))
    held.callback(proxy.close)
    return Bucket(made, proxy.url), proxy


def _variables(folder: Path, shelf: Shelf, daemon: Daemon | None, image: str) -> dict[str, str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    return {
        "MILLRACE_PROJECT": str(PROJECT),
        "MILLRACE_HOME": str(folder / "home"),
        "MILLRACE_DAGS": str(folder / "dags"),
        "MILLRACE_WORKFLOWS": str(folder / "workflows"),
        "MILLRACE_PORT": str(port),
        "MILLRACE_STORE": shelf.uri,
        **shelf.environment(),
        **({} if daemon is None else {"DOCKER_HOST": daemon.host}),
        "MILLRACE_TRAINER_IMAGE": image,
        "MILLRACE_DOCKER_NETWORK": "host",  # where S3 is on loopback
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set these variables, and only these of Millrace's, in this process."""
    saved = dict(os.environ)
    for name in [name for name in saved if name.startswith(("MILLRACE_", "MLFLOW_", "AWS_"))]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _remove_database(url: str) -> None:
    """Remove a SQLite database; the catalog's own rules forbid to empty it."""
    for suffix in ("", "-wal", "-shm"):
        Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)
