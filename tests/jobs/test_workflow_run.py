"""What a run that starts again keeps: its spec and its model, unless it failed undecided."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tiny_workflow
from millrace.artifacts.reference import ArtifactRef
from millrace.catalog.catalog import Catalog
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.settings import Settings

TRAINING = RunIdentity("tiny", "tiny", "one")
PREDICTION = RunIdentity("tiny", "tiny_predict", "one", "prediction")


@pytest.fixture
def spec_file(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workflow's file in an installation of its own."""
    (tmp_path / "workflows").mkdir()
    monkeypatch.setenv("MILLRACE_WORKFLOWS", str(tmp_path / "workflows"))
    catalog().migrate()
    file = tmp_path / "workflows" / "tiny.yaml"
    file.write_text(tiny_workflow.SPEC)
    return file


def catalog() -> Catalog:
    return Catalog(Settings.load().catalog)


def edit(file: Path) -> None:
    file.write_text(file.read_text().replace("epochs: 6", "epochs: 2"))


def crown(name: str, run: int | None = None) -> None:
    models = catalog().models
    reigns = models.champion("tiny")
    ref = ArtifactRef("bundle", f"key-{name}", f"digest-{name}", f"file:///{name}", 1, 1)
    version = models.register("tiny", ref, run, {})
    models.decide(
        *("tiny", version.version, "promoted", "", "a test", run),
        None if reigns is None else reigns.version,
    )


def again(identity: RunIdentity, conf: dict[str, Any], attempt: int = 2) -> WorkflowRun:
    return start_run(identity, conf, "manual", attempt=attempt)


@pytest.mark.parametrize("state", ["running", "done"])
def test_a_run_that_is_cleared_keeps_its_spec(spec_file: Path, state: Any) -> None:
    first = start_run(TRAINING, {"seed": 3}, "manual")
    if state != "running":
        first.catalog.runs.finish(first.id, state)
    edit(spec_file)
    assert again(TRAINING, {"seed": 3}).spec == first.spec
    assert catalog().runs.get(first.id).state == "running"


def test_a_failed_run_takes_the_corrected_file(spec_file: Path) -> None:
    first = start_run(TRAINING, {}, "manual")
    first.catalog.runs.finish(first.id, "failed", {})
    edit(spec_file)
    assert again(TRAINING, {}).spec.train.epochs == 2


def test_a_run_that_decided_keeps_its_spec_though_it_failed_later(spec_file: Path) -> None:
    first = start_run(TRAINING, {}, "manual")
    crown("mine", first.id)
    first.catalog.runs.finish(first.id, "failed", {})
    edit(spec_file)
    assert again(TRAINING, {}).spec == first.spec


def test_another_conf_is_another_run(spec_file: Path) -> None:
    start_run(TRAINING, {"seed": 3}, "manual")
    assert again(TRAINING, {"seed": 4}).spec.train.seed == 4


def test_a_run_that_was_deleted_and_started_again_is_a_new_one(spec_file: Path) -> None:
    start_run(TRAINING, {}, "scheduled")
    edit(spec_file)
    assert again(TRAINING, {}, attempt=1).spec.train.epochs == 2


@pytest.mark.parametrize("conf", [{}, {"model_version": None}, {"limit": 5}])
def test_a_cleared_prediction_run_keeps_the_model_of_then(
    spec_file: Path, conf: dict[str, Any]
) -> None:
    crown("old")
    start_run(PREDICTION, conf, "asset_triggered")
    crown("newer")
    run = again(PREDICTION, conf)
    assert run.params.model_version == 1  # type: ignore[union-attr]
