"""Cross-validation in a spec: which tasks it brings, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from millrace.errors import SpecError
from millrace.workflow.gates import gate_of
from millrace.workflow.graph import workflow_graph
from millrace.workflow.loader import load_file
from millrace.workflow.spec import WorkflowSpec

SPEC = """version: 1
name: tiny
task: image_classification
sources: [{name: digits, kind: sklearn}]
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""


def read(tmp_path: Path, more: str) -> WorkflowSpec:
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC + more, encoding="utf-8")
    return load_file(path)


def test_folds_are_tasks_of_their_own_before_the_evaluation(tmp_path: Path) -> None:
    graph = workflow_graph(read(tmp_path, "evaluation: {folds: 5}\n"), "training")
    names = [task.name for task in graph]
    assert names.index("cross_validate") < names.index("evaluate")
    assert graph["evaluate"].takes["validated"] == "cross_validate"
    assert graph["train_fold"].mapped == graph["split_fold"].mapped
    assert graph.many(graph["cross_validate"], "train_fold")
    assert not graph.many(graph["train_fold"], "split_fold")


def test_without_folds_the_graph_is_as_before(tmp_path: Path) -> None:
    graph = workflow_graph(read(tmp_path, ""), "training")
    assert not [task.name for task in graph if "fold" in task.name or "validate" in task.name]
    assert "validated" not in graph["evaluate"].takes


def test_folds_train_where_the_training_does(tmp_path: Path) -> None:
    spec = read(tmp_path, "evaluation: {folds: 3}\nruntimes: {train: docker}\n")
    assert spec.place_of("train_fold", "local") == "docker"
    assert spec.place_of("baseline_fold", "docker") == "local"


@pytest.mark.parametrize("folds", [0, 1, 2, 21, "many"])
def test_too_few_or_many_folds_are_refused(tmp_path: Path, folds: object) -> None:
    with pytest.raises(SpecError, match="evaluation"):
        read(tmp_path, f"evaluation: {{folds: {folds}}}\n")


@pytest.mark.parametrize(
    ("folds", "said"),
    [
        ("{accuracy: 0.9}", "which the gate's `folds` need"),
        ("{}", "at least one figure"),
        ("{beat_baseline: true}", "at least one figure"),
        ("{accuracy: 93}", "accuracy"),
        ("{mae: 1}", "mae"),
    ],
)
def test_limits_of_folds_need_folds_and_figures(tmp_path: Path, folds: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        read(tmp_path, f"gate: {{folds: {folds}}}\n")


def test_limits_of_folds_are_kept(tmp_path: Path) -> None:
    asked = "evaluation: {folds: 5}\ngate: {folds: {roc_auc: 0.97, beat_baseline: true}}\n"
    made = read(tmp_path, asked)
    assert gate_of(made.gate.checks()) == made.gate
    assert gate_of(made.gate.checks()).folds.figures == {"roc_auc": 0.97}


def test_leakage_that_nobody_looks_for_cannot_be_refused(tmp_path: Path) -> None:
    keep = "clean: {near_duplicates: keep}\n"
    with pytest.raises(SpecError, match=r"near_duplicates: group.*which the gate's `leakage"):
        read(tmp_path, keep + "gate: {leakage: refuse}\n")
    assert read(tmp_path, keep).clean.near_duplicates == "keep"
    assert read(tmp_path, "gate: {leakage: refuse}\n").gate.leakage == "refuse"
