"""Limits of the gate on folds of a cross-validation: what passes, what fails, in which words."""

from __future__ import annotations

from typing import Any

import pytest

from millrace.learning import evaluate, gate
from millrace.learning.gating.folds import fold_checks
from millrace.workflow.learning import Gate

EVALUATION = {"modality": "image", "bootstrap": 20, "seed": 7}


def facts(ours: dict[str, float], theirs: dict[str, float]) -> dict[str, Any]:
    one, other = ({name: {"mean": value} for name, value in f.items()} for f in (ours, theirs))
    found = {"metrics": one, "baseline": {"metrics": other}, "folds": [{}] * 5}
    return {"cross_validation": found}


def judged(limits: dict[str, Any], found: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    checks = fold_checks(Gate(folds=limits), found)
    return {check.name: (check.passed, check.sentence) for check in checks}


def test_means_are_judged_and_a_limit_itself_passes() -> None:
    found = facts({"roc_auc": 0.97, "accuracy": 0.929, "log_loss": 0.3}, {})
    limits = {"roc_auc": 0.97, "accuracy": 0.93, "log_loss": 0.2}
    assert judged(limits, found) == {
        "folds[roc_auc]": (True, "on average of 5 folds, AUC 0.97 is equal to the gate's 0.97"),
        "folds[accuracy]": (
            False,
            "on average of 5 folds, accuracy 0.929 is below the gate's 0.93",
        ),
        "folds[log_loss]": (False, "on average of 5 folds, log loss 0.3 is above the gate's 0.2"),
    }


@pytest.mark.parametrize(("theirs", "passed"), [(0.94, True), (0.95, True), (0.96, False)])
def test_the_baseline_is_met_on_the_same_folds(theirs: float, passed: bool) -> None:
    found = facts({"accuracy": 0.95}, {"accuracy": theirs})
    checks = judged({"accuracy": 0.5, "beat_baseline": True}, found)
    assert checks["folds_beat_baseline[accuracy]"][0] is passed
    assert "the baseline's" in checks["folds_beat_baseline[accuracy]"][1]


def test_a_figure_that_a_fold_lacks_is_not_passed() -> None:
    checks = judged({"roc_auc": 0.5, "beat_baseline": True}, facts({"accuracy": 1.0}, {}))
    assert not any(passed for passed, _ in checks.values())
    assert "not every one of 5 folds" in checks["folds[roc_auc]"][1]


def test_without_limits_nothing_is_asked_and_without_folds_nothing_passes() -> None:
    assert fold_checks(Gate(), facts({"accuracy": 0.1}, {})) == []
    assert judged({"accuracy": 0.1}, {"cross_validation": None})["folds"][0] is False


def test_a_challenger_without_its_folds_is_refused(workshop: Any, make_records: Any) -> None:
    dataset, bundle = workshop.dataset(test=make_records([0] * 40)), workshop.bundle()
    evaluation = workshop.keep(*workshop.run(evaluate, EVALUATION, dataset=dataset, bundle=bundle))
    params = {"modality": "image", "gate": Gate(folds={"accuracy": 0.5}).model_dump(mode="json")}
    result = workshop.run(gate, params, evaluation=evaluation, bundle=bundle, dataset=dataset)[0]
    assert result.facts["decision"] == "refuse"
    assert "there is no cross-validation" in result.facts["reasons"][0]
