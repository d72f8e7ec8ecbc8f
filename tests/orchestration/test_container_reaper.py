"""The DAG `container_reaper`: how often it runs, and what it removes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import docker_daemon
import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.jobs.runtimes.docker.names import KEY, RUN, installation
from millrace.orchestration import container_reaper
from millrace.settings import Settings

pytestmark = pytest.mark.airflow


def schedule() -> object:
    return container_reaper.reaper_dags()["container_reaper"].schedule


def test_without_containers_it_runs_when_somebody_triggers_it() -> None:
    assert schedule() is None


@pytest.mark.parametrize("runtime", ["docker", "kubernetes"])
def test_it_runs_often_with_containers(runtime: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_RUNTIME", runtime)
    dag = container_reaper.reaper_dags()["container_reaper"]
    assert (dag.schedule, dag.catchup, list(dag.task_dict)) == ("*/15 * * * *", False, ["reap"])


def test_it_runs_often_with_a_workflow_that_has_containers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    (tmp_path / "broken.yaml").write_text("name: [")
    (tmp_path / "tiny.yaml").write_text(tiny_workflow.SPEC)
    assert schedule() is None
    (tmp_path / "tiny.yaml").write_text(tiny_workflow.SPEC + "runtimes: {evaluate: kubernetes}\n")
    assert schedule() == "*/15 * * * *"


def test_its_schedule_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(container_reaper.SCHEDULE, "@hourly")
    assert schedule() == "@hourly"


@pytest.fixture
def stray(home: Path) -> Iterator[str]:
    image = docker_daemon.need_image()
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    name = f"millrace-train-{uuid4().hex[:24]}"
    labels = {**installation(Settings.load().catalog), KEY: name, RUN: "7"}
    with docker_daemon.labelled(name) as label:
        given = [word for at, text in labels.items() for word in ("--label", f"{at}={text}")]
        start = ("run", "--detach", "--network", "none", "--name", name, "--label", label)
        docker_daemon.docker(*start, *given, image, "sleep", "60")
        yield name


@pytest.mark.docker
def test_a_cluster_that_is_away_keeps_no_container_here(
    stray: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nothing"))
    both = "runtimes: {evaluate: kubernetes, predict: docker}\n"
    (tmp_path / "tiny.yaml").write_text(tiny_workflow.SPEC + both)
    with pytest.raises(Exception, match="there is no cluster"):
        container_reaper.reap()
    assert stray not in docker_daemon.docker("ps", "--all", "--format", "{{.Names}}")


@pytest.mark.docker
def test_it_removes_strays_and_says_which(stray: str) -> None:
    (gone,) = container_reaper.reap()
    assert (gone["name"], gone["reason"]) == (stray, "its run has ended")
    assert container_reaper.reap() == []
