"""A training in a container, without Airflow: its container dies, and the next one goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import docker_daemon
import tiny_workflow
from millrace.catalog.catalog import Catalog
from millrace.errors import TransientError
from millrace.jobs.local_run import run_workflow
from millrace.jobs.runtimes.docker.names import installation
from millrace.settings import Settings

pytestmark = [pytest.mark.docker, pytest.mark.tensorflow]

PROJECT = Path(__file__).parents[2]
EPOCHS = 60


@pytest.fixture
def boxed(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation with the runtime Docker; the label of its containers."""
    docker_daemon.need_image()
    package = PROJECT / "include" / "millrace"
    (tmp_path / "tiny.yaml").write_text(tiny_workflow.SPEC)
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path))
    monkeypatch.setenv("MILLRACE_RUNTIME", "docker")
    monkeypatch.setenv("MILLRACE_DOCKER_MOUNTS", f"{package}:/opt/millrace/include/millrace")
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    ((name, value),) = installation(Settings.load().catalog).items()
    return f"{name}={value}"


class Follower:
    """Remembers the epochs of `train`, and ends its container at the third."""

    def __init__(self, label: str, *ending: str) -> None:
        self.epochs: list[int] = []
        self.resumed: list[int] = []
        self._label = label
        self._ending = ending

    def __call__(self, task: str, event: Mapping[str, Any]) -> None:
        if event.get("resumed_from"):
            self.resumed.append(int(event["resumed_from"]))
        if task != "train" or not event.get("epoch"):
            return
        self.epochs.append(int(event["epoch"]))
        if self._ending and self.epochs[-1] >= 3:
            (name,) = docker_daemon.containers(self._label)
            docker_daemon.docker(*self._ending, name)
            self._ending = ()


@pytest.mark.parametrize(
    ("seed", "ending"), [(31, ("kill",)), (32, ("stop", "--time", "4"))], ids=["SIGKILL", "SIGTERM"]
)
def test_the_next_container_goes_on_from_the_checkpoint(
    boxed: str, seed: int, ending: tuple[str, ...]
) -> None:
    conf = {"limit": 500, "epochs": EPOCHS, "seed": seed}
    dying = Follower(boxed, *ending)
    with pytest.raises(TransientError, match=r"signal|told to stop"):
        run_workflow("tiny", conf, dying)
    assert docker_daemon.containers(boxed) == []
    assert max(dying.epochs) < EPOCHS
    following = Follower(boxed)
    run_workflow("tiny", conf, following)
    assert following.resumed == [max(following.resumed)]
    assert following.resumed[0] >= max(dying.epochs) - 1
    assert following.epochs[-1] == EPOCHS
    assert docker_daemon.containers(boxed) == []
