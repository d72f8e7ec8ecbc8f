"""Strays: which containers go, and which never do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
from millrace.catalog.catalog import Catalog
from millrace.jobs.locks import key_lock
from millrace.jobs.runtimes.docker.names import INSTALLATION, KEY, RUN, installation
from millrace.jobs.runtimes.docker.strays import Strays, strays_of
from millrace.settings import Settings

pytestmark = pytest.mark.docker
NAP = "import signal, time; signal.signal(15, lambda *_: exit(143)); time.sleep(60)"


@pytest.fixture
def catalog(home: Path) -> Iterator[Catalog]:
    home.mkdir()
    with Catalog(Settings.load().catalog) as made:
        made.migrate()
        yield made


@pytest.fixture
def strays(catalog: Catalog) -> Iterator[Strays]:
    with strays_of(Settings.load(), catalog) as made:
        yield made


@pytest.fixture
def run(catalog: Catalog) -> int:
    """A run that goes on."""
    return catalog.runs.start("r", "w", "w", {}, "0", {}, "manual", "0").id


@pytest.fixture
def container(image: str, label: str, run: int) -> Callable[..., str]:
    """Start a container of this installation and return its name."""

    def make(code: str = NAP, key: str = "a" * 64, **labels: str) -> str:
        ours = {**installation(Settings.load().catalog), KEY: key, RUN: str(run), **labels}
        given = [word for name, text in ours.items() for word in ("--label", f"{name}={text}")]
        command = (
            "run",
            "--detach",
            "--network",
            "none",
            "--label",
            label,
            *given,
            image,
            "python",
            "-c",
            code,
        )
        name = docker_daemon.docker(*command)
        return docker_daemon.docker("inspect", "--format", "{{.Name}}", name).lstrip("/")

    return make


def names(found: list[Any]) -> list[str]:
    return [stray.name for stray in found]


def test_a_container_whose_run_goes_on_stays(strays: Strays, container: Any) -> None:
    container()
    assert strays.find() == strays.remove() == []


def test_a_container_whose_run_has_ended_goes(
    strays: Strays, container: Any, catalog: Catalog, run: int, label: str
) -> None:
    name = container()
    catalog.runs.finish(run, "failed")
    assert names(strays.find()) == [name]
    assert docker_daemon.containers(label) == [name]
    assert names(strays.remove()) == [name]
    assert docker_daemon.containers(label) == []


def test_a_container_that_a_task_follows_never_goes(
    strays: Strays, container: Any, catalog: Catalog, run: int, label: str
) -> None:
    name = container(key="b" * 64)
    catalog.runs.finish(run, "failed")
    with key_lock(strays.home / "locks", "b" * 64, catalog.locks):
        assert strays.find() == strays.remove() == []
    assert docker_daemon.containers(label) == [name]


def test_an_ended_container_goes_after_a_grace(strays: Strays, container: Any) -> None:
    name = container(code="0")
    docker_daemon.docker("wait", name)
    assert strays.find() == []
    later = datetime.now(UTC) + timedelta(minutes=61)
    assert names(strays.remove(later)) == [name]


def test_a_run_that_the_catalog_never_heard_of_has_ended(strays: Strays, container: Any) -> None:
    assert names(strays.find()) == []
    name = container(**{RUN: "4711"})
    assert names(strays.find()) == [name]


def test_containers_of_others_are_not_ours(
    strays: Strays, container: Any, catalog: Catalog, run: int
) -> None:
    container(**{INSTALLATION: "another"})
    catalog.runs.finish(run, "failed")
    assert strays.find() == []
