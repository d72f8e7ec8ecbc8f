"""What a spec may say of a regression, and of its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from millrace.errors import SpecError
from millrace.workflow.candidates import completed
from millrace.workflow.figures import better_by, drop
from millrace.workflow.gates import gate_of
from millrace.workflow.loader import load_file
from millrace.workflow.params import apply, run_params
from millrace.workflow.quantity import Quantity, number_of, written
from millrace.workflow.quantity_learning import QuantityGate, QuantityTraining
from millrace.workflow.table_workflow import RegressionWorkflow
from millrace.workflow.tasks import parse

FOLDER = Path(__file__).parents[2] / "include" / "workflows"


def spec(**values: Any) -> dict[str, Any]:
    source = {"name": "a", "kind": "delimited", "uri": "a.csv", "label": "y"}
    return {
        "version": 1,
        "name": "made",
        "task": "tabular_regression",
        "sources": [source],
        "transform": {"columns": {"x": {"kind": "numeric"}}},
        "model": {"kind": "table_mlp"},
    } | values


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"labels": ["a", "b"]}, "no `labels`: a regression has no classes"),
        ({"decision": {"positive": "a"}}, "no `decision`: a regression has no classes"),
        ({"train": {"class_weights": "balanced"}}, "no `class_weights`"),
        ({"train": {"label_smoothing": 0.1}}, "no `label_smoothing`"),
        ({"train": {"calibrate": "temperature"}}, "no `calibrate`: a regression has no prob"),
        ({"train": {"loss": "cross_entropy"}}, "'huber' or 'mse'"),
        ({"gate": {"accuracy": 0.9}}, "accuracy"),
        ({"gate": {"by": "f1"}}, "'rmse', 'mae'"),
        ({"gate": {"mae": -1}}, "greater than or equal to 0"),
        ({"gate": {"r2": 1.5}}, "less than or equal to 1"),
        ({"baseline": {"kind": "logistic"}}, "'gradient_boosting' or 'ridge'"),
        ({"target": {"low": 2, "high": 2}}, "low must be below high"),
        ({"target": {"low": float("nan")}}, "finite number"),
        ({"target": {"high": 1e300}}, "at most 1e\\+100"),
        ({"target": {"high": -1, "transform": "log"}}, "high must be above 0"),
        ({"target": {"transform": "sqrt"}}, "'none' or 'log'"),
        ({"clean": {"budget": {"blank": 0.1}}}, "reason codes"),
    ],
)
def test_what_a_regression_cannot_be_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parse(spec(**values))


def test_a_classification_has_no_target() -> None:
    with pytest.raises(ValidationError, match="target"):
        parse(spec(task="tabular_classification", target={"low": 0}))


def test_a_mistake_is_named_with_its_file(tmp_path: Path) -> None:
    text = (FOLDER / "diabetes.yaml").read_text().replace("r2: 0.25", "accuracy: 0.25")
    (tmp_path / "diabetes.yaml").write_text(text)
    with pytest.raises(SpecError, match=r"diabetes\.yaml.*accuracy"):
        load_file(tmp_path / "diabetes.yaml")


def test_the_shipped_workflow_says_what_its_stages_get() -> None:
    found = load_file(FOLDER / "diabetes.yaml")
    target = {"low": 0.0, "high": 500.0, "transform": "none"}
    assert found.truth() == {"labels": [], "target": target}
    assert found.answer() == {"target": {**target, "unit": "points"}}
    assert "wrong_label" in found.clean.reasons


def test_candidates_take_the_loss_of_the_workflow() -> None:
    found = parse(completed(spec(train={"loss": "mse"}, candidates={"wide": {"model": MLP}})))
    assert isinstance(found, RegressionWorkflow)
    assert found.candidates["wide"].train.loss == "mse"


MLP = {"kind": "table_mlp", "hidden": [8]}


def test_a_run_may_change_its_training() -> None:
    changed = apply(parse(spec()), run_params({"epochs": 3}))
    assert isinstance(changed.train, QuantityTraining)
    assert (changed.train.epochs, changed.train.loss) == (3, "huber")


def test_a_gate_is_read_back_as_what_it_was() -> None:
    gate = QuantityGate(rmse=3)
    assert gate_of(gate.model_dump(mode="json")) == gate


@pytest.mark.parametrize("text", ["", "nan", "inf", "-Infinity", "1,000", "0x1f", "1_0", "1e999"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "value", "canonical"),
    [("151.0", 151, "151"), (" 1e3 ", 1000, "1000"), (".5", 0.5, "0.5"), ("-0.10", -0.1, "-0.1")],
)
def test_a_number_has_one_text(text: str, value: float, canonical: str) -> None:
    assert number_of(text) == value
    assert written(value) == canonical


@pytest.mark.parametrize(
    ("label", "target", "refusal"),
    [
        ("dear", {}, ("wrong_label", "label 'dear' is no finite number")),
        ("1e300", {}, ("label_out_of_range", "label '1e300' is above 1e+100")),
        ("-1", {"low": 0}, ("label_out_of_range", "label '-1' is below 0")),
        ("0", {"transform": "log"}, ("label_out_of_range", "label '0' is not above 0")),
        ("-3", {"transform": "log"}, ("label_out_of_range", "label '-3' is not above 0")),
    ],
)
def test_a_refused_label_is_named(
    label: str, target: dict[str, Any], refusal: tuple[str, str]
) -> None:
    reason, detail = Quantity(**target).refusal(label) or ("", "")
    assert reason == refusal[0]
    assert detail.startswith(refusal[1])


def test_a_long_label_is_named_shortly() -> None:
    _, detail = Quantity().refusal("x" * 10_000) or ("", "")
    assert len(detail) < 120


def test_correcting_a_label_follows_the_target() -> None:
    found = parse(spec(target={"low": 0}))
    assert found.label_problem("3.5") is None
    assert found.label_problem("three") == "label 'three' is no finite number"


def test_figures_know_which_way_is_better() -> None:
    assert better_by("rmse", 1, 2) == 1
    assert better_by("r2", 1, 2) == -1
    assert drop("rmse", 11, 10) == pytest.approx(0.1)
    assert drop("r2", 0.4, 0.5) == pytest.approx(0.1)
    assert drop("mae", 1, 0) == 1
    assert drop("mae", 0, 0) == 0
