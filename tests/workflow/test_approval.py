"""`gate.approval`: what may be said, what is refused, and where it puts a task."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_workflow
from millrace.errors import SpecError
from millrace.workflow.approval import Approval
from millrace.workflow.graph import workflow_graph
from millrace.workflow.loader import load_file
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.tasks import parse


def spec(folder: Path, gate: str) -> WorkflowSpec:
    path = folder / "tiny.yaml"
    path.write_text(tiny_workflow.SPEC.replace("gate: {accuracy: 0.5}", f"gate: {gate}"))
    return load_file(path)


def test_nobody_is_asked_by_default(tmp_path: Path) -> None:
    made = spec(tmp_path, "{accuracy: 0.5}")
    assert made.gate.asks is None
    assert "approve" not in [task.name for task in workflow_graph(made, "training")]


@pytest.mark.parametrize("text", ["required", "{users: [anna], timeout_hours: 72}"])
def test_an_approval_stands_between_evaluation_and_promotion(tmp_path: Path, text: str) -> None:
    made = spec(tmp_path, f"{{accuracy: 0.5, approval: {text}}}")
    graph = workflow_graph(made, "training")
    assert {"evaluate", "cards"} <= graph["approve"].upstream
    assert "approve" in graph["promote"].upstream
    assert graph["approve"].asks
    assert parse(made.model_dump(mode="json")) == made


def test_what_the_gate_decides_by_does_not_know_who_is_asked(tmp_path: Path) -> None:
    asked = spec(tmp_path, "{accuracy: 0.5, approval: required}")
    assert asked.gate.asks == Approval()
    assert asked.gate.checks() == spec(tmp_path, "{accuracy: 0.5}").gate.checks()


@pytest.mark.parametrize(
    "text",
    ["yes please", "{timeout_hours: 0}", "{timeout_hours: 9000}", "{users: ['']}", "{user: anna}"],
)
def test_another_approval_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    with pytest.raises(SpecError, match=r"gate\.approval"):
        spec(tmp_path, f"{{accuracy: 0.5, approval: {text}}}")
