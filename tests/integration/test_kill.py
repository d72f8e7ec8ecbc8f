"""SIGKILL at stage after stage of one run: at the end nothing is lost, doubled or different."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.tensorflow

RUN = """
import os, signal, sys
from millrace.artifacts.store import Store
from millrace.data import delivery
from millrace.jobs.local_run import run_workflow

stage, when = sys.argv[1:]
publish, deliver = Store.publish, delivery.deliver

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def dying_publish(self, manifest, **options):
    here = manifest.key_parts["stage"] == stage
    if here and when == "before":
        die()
    made = publish(self, manifest, **options)
    if here and when == "after":
        die()
    return made

def dying_deliver(*arguments, **options):
    made = deliver(*arguments, **options)
    if stage == "predict" and when == "delivered":
        die()
    return made

def tell(task, event):
    if task == stage and when == "epoch" and event.get("epoch") == 3:
        die()

Store.publish, delivery.deliver = dying_publish, dying_deliver
run_workflow("tiny", {"limit": 500}, tell, run_id="one")
"""

KILLS = [
    ("discover", "before"),
    ("collect", "before"),
    ("clean", "after"),
    ("transform", "before"),
    ("integrate", "before"),
    ("train", "epoch"),
    ("baseline", "before"),
    ("evaluate", "after"),
    ("gate", "before"),
    ("predict", "before"),
    ("predict", "delivered"),
]


def attempt(installed: Any, stage: str, when: str) -> int:
    environment = {
        **os.environ,
        "MILLRACE_HOME": str(installed.home.parent / "killed"),
        "MILLRACE_WORKFLOWS": str(installed.workflows),
    }
    return subprocess.run(
        [sys.executable, "-c", RUN, stage, when], env=environment, timeout=240, check=False
    ).returncode


def test_a_run_killed_at_every_stage_ends_as_an_undisturbed_one(
    installed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from millrace.catalog.catalog import Catalog
    from millrace.settings import Settings

    monkeypatch.setenv("MILLRACE_HOME", str(installed.home.parent / "killed"))
    settings = Settings.load()
    catalog = Catalog(settings.catalog)
    catalog.migrate()
    for stage, when in KILLS:
        assert attempt(installed, stage, when) == -signal.SIGKILL, (stage, when)
    assert attempt(installed, "", "") == 0

    (run,) = catalog.runs.latest()
    killed = outputs(catalog, run.id)
    undisturbed = outputs(installed.catalog, 1)
    assert run.state == "done"
    assert killed == undisturbed
    assert predictions(settings.predictions) == predictions(installed.settings.predictions)
    assert len(catalog.models.versions("tiny")) == 1
    assert len(catalog.models.promotions("tiny")) == 1
    assert len(catalog.batches.latest()) == 1


def outputs(catalog: Any, run: int) -> dict[tuple[str, str | None], str]:
    """Digests of what a run made last, by stage and partition."""
    return {
        (execution.stage, execution.partition): execution.output.digest
        for execution in catalog.executions.of_run(run)
        if execution.state in {"done", "cached"}
    }


def predictions(url: str) -> list[Any]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        query = "select record_id, model_version, predicted, probability from predictions"
        return sorted(connection.execute(query).fetchall())
    finally:
        connection.close()
