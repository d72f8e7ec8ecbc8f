"""The spec section `decision`: what can be asked for, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from millrace.errors import SpecError
from millrace.workflow.decision import Decision, Goal
from millrace.workflow.loader import load_file

SPEC = """version: 1
name: spam
task: image_classification
sources: [{name: digits, kind: sklearn, dataset: digits}]
transform: {size: [8, 8], channels: 1}
model: {kind: mlp}
"""


def read(tmp_path: Path, more: str):
    path = tmp_path / "spam.yaml"
    path.write_text(SPEC + more, encoding="utf-8")
    return load_file(path)


@pytest.mark.parametrize(
    "goal",
    [
        {"precision_of": "ham", "at_least": 0.995},
        {"recall_of": "spam", "at_least": 1},
        {"f1_of": "spam"},
        {"least": "cost"},
    ],
)
def test_every_goal_round_trips(goal: dict[str, object]) -> None:
    decision = Decision(positive="spam", goal=Goal(**goal), costs={"ham": 20, "spam": 1})
    assert Decision(**decision.model_dump(mode="json")) == decision


@pytest.mark.parametrize(
    "goal",
    [
        {},
        {"at_least": 0.9},
        {"precision_of": "ham"},
        {"f1_of": "spam", "at_least": 0.9},
        {"precision_of": "ham", "recall_of": "spam", "at_least": 0.9},
        {"precision_of": "ham", "at_least": 1.1},
        {"precision_of": "ham", "at_least": float("nan")},
        {"least": "mistakes"},
        {"recall": "spam"},
        "f1",
    ],
)
def test_a_goal_is_one_figure_with_its_bound_where_it_has_one(goal: object) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate({"positive": "spam", "goal": goal})


@pytest.mark.parametrize(
    "wrong",
    [
        {"goal": {"f1_of": "spam"}},
        {"costs": {"ham": 1.0, "spam": 1.0}},
        {"positive": "spam", "goal": {"least": "cost"}},
        {"positive": "spam", "costs": {}},
        {"positive": "spam", "costs": {"ham": 0, "spam": 0}},
        {"positive": "spam", "costs": {"ham": float("nan"), "spam": 1}},
        {"positive": "spam", "costs": {"ham": float("inf"), "spam": 1}},
        {"positive": "spam", "costs": {"ham": -1, "spam": 1}},
        {"positive": True},
    ],
)
def test_incomplete_decisions_and_senseless_costs_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Decision.model_validate(wrong)


@pytest.mark.parametrize(
    ("labels", "more", "problem"),
    [
        (("a", "ham", "spam"), {}, "one of two classes, and there are 3"),
        (("ham", "junk"), {}, "'spam' is not one of the classes ham, junk"),
        (("eggs", "spam"), {"goal": {"f1_of": "ham"}}, "'ham' is not one of"),
        (("ham", "spam"), {"costs": {"ham": 1, "eggs": 2}}, "'eggs' is not one of"),
        (("ham", "spam"), {"costs": {"ham": 1}}, "about both classes"),
        (("ham", "spam"), {"goal": {"f1_of": "ham"}}, None),
    ],
)
def test_a_decision_is_between_two_classes_that_there_are(labels, more, problem) -> None:
    found = Decision.model_validate({"positive": "spam", **more}).problem(labels)
    assert found == problem if problem is None else problem in found


def test_without_a_positive_class_any_classes_will_do() -> None:
    assert Decision().problem(("a", "b", "c")) is None


def test_a_file_without_a_decision_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, "").decision == Decision()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("labels: [a, b, c]\ndecision: {positive: a}\n", "there are 3"),
        ("labels: [a, b]\ndecision: {positive: spam}\n", "'spam' is not one of"),
        ("decision: {positive: spam, gaol: {f1_of: spam}}\n", "Did you mean goal?"),
        ("decision: {positive: spam, goal: {f1_off: spam}}\n", "Did you mean f1_of?"),
        ("decision: {goal: {f1_of: spam}}\n", "spam.yaml:7: decision.*`positive`"),
        ("decision: {positive: spam, costs: {ham: .nan, spam: 1}}\n", "costs.ham.*finite"),
        ("gate: {f1: 0.9}\n", "`decision.positive`, which the gate's f1 need"),
        ("gate: {by: average_precision}\n", "the gate's by: average_precision need"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read(tmp_path, more)


def test_the_gate_may_ask_for_figures_of_the_positive_class(tmp_path: Path) -> None:
    spec = read(tmp_path, "decision: {positive: spam}\ngate: {f1: 0.9, by: f1, matthews: -1}\n")
    assert (spec.gate.f1, spec.gate.by, spec.gate.matthews) == (0.9, "f1", -1)
