"""`millrace reap`: shows first, removes with --yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import docker_daemon
from millrace.catalog.catalog import Catalog
from millrace.jobs.runtimes.docker.names import KEY, RUN, installation
from millrace.settings import Settings


@pytest.fixture
def stray(home: Path) -> Iterator[str]:
    """The name of a container whose run the catalog does not know."""
    image = docker_daemon.need_image()
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    name = f"millrace-train-{uuid4().hex[:24]}"
    labels = {**installation(Settings.load().catalog), KEY: name, RUN: "7"}
    with docker_daemon.labelled(name) as label:
        given = [word for at, text in labels.items() for word in ("--label", f"{at}={text}")]
        nap = ("sleep", "60")
        docker_daemon.docker(
            "run", "-d", "--network", "none", "--name", name, "--label", label, *given, image, *nap
        )
        yield name


@pytest.mark.docker
def test_it_shows_first_and_removes_when_told(millrace: Any, stray: str) -> None:
    code, out, _ = millrace("reap")
    assert (code, stray in out, "its run has ended" in out) == (0, True, True)
    assert "`millrace reap --yes` removes: 1." in out
    code, out, _ = millrace("reap", "--yes", "--json")
    assert (code, [one["name"] for one in json.loads(out)["strays"]]) == (0, [stray])
    assert millrace("reap")[1].strip() == "No strays."


def test_without_a_daemon_it_says_what_to_do(
    millrace: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    with Catalog(Settings.load().catalog) as catalog:
        catalog.migrate()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{home}/nothing.sock")
    code, _, err = millrace("reap")
    assert code == 75
    assert "Start it, or correct DOCKER_HOST." in err
