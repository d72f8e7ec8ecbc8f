"""Garbage collection of a real workflow: beside a run, after runs, and what comes after."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from millrace.errors import DataError
from millrace.jobs.collection import Collector
from millrace.jobs.retention import Retention
from millrace.jobs.rollback import roll_back
from millrace.jobs.verification import Verifier

pytestmark = pytest.mark.tensorflow

NOTHING = Retention(runs=0, days=0, versions=0, grace=0)
RUN = """
from millrace.jobs.local_run import run_workflow
run_workflow("tiny", {"limit": 500, "seed": 5})
"""


def collect(installed: Any) -> int:
    made = Collector(installed.store, installed.catalog, NOTHING)
    return made.sweep(made.plan())


def outputs(installed: Any, run: int) -> list[Any]:
    return [e.output for e in installed.catalog.executions.of_run(run) if e.output is not None]


def test_a_run_beside_endless_collection_loses_nothing(installed: Any) -> None:
    running = subprocess.Popen([sys.executable, "-c", RUN])
    passes = 0
    while running.poll() is None:
        collect(installed)
        passes += 1
    assert running.returncode == 0
    assert passes > 5
    assert installed.catalog.runs.latest()[0].state == "done"
    assert {e.attempt for e in installed.catalog.executions.of_run(2)} == {1}


def test_the_champions_run_is_whole_and_can_be_verified_to_the_byte(
    installed: Any, tmp_path: Path
) -> None:
    collect(installed)
    refused = installed.catalog.models.get("tiny", 2)  # of the run above: a trial
    assert installed.store.find(refused.bundle.key) is None
    for ref in outputs(installed, 1):
        assert installed.store.complete(installed.store.get(ref))
    verifier = Verifier(installed.store, installed.catalog, tmp_path)
    found = list(verifier.verify(installed.catalog.runs.get(1)))
    assert {one.state for one in found} == {"same"}
    assert {one.execution.stage for one in found} >= {"discover", "train", "evaluate", "predict"}


def test_a_champions_bundle_that_was_collected_comes_back_byte_for_byte(installed: Any) -> None:
    models = installed.catalog.models
    (dataset,) = [ref for ref in outputs(installed, 1) if ref.kind == "dataset"]
    version = models.register("tiny", dataset, None, {})
    models.decide("tiny", version.version, "promoted", "made up", "test", None, 1)
    collect(installed)
    with pytest.raises(DataError, match="no longer in the store"):
        roll_back(installed.catalog, installed.store, "tiny", 1, "why", "me")
    models.decide("tiny", 1, "rolled_back", "as a person with SQL could", "test", None, 3)
    installed.run()
    states = installed.states()
    assert states["train"] == states["evaluate"] == ["done"]
    assert installed.store.get(models.get("tiny", 1).bundle).has("bundle.json")
