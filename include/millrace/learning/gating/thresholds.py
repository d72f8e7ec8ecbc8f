"""The checks of a challenger alone: thresholds that the spec names, its goal, and the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.gating.check import Check, figures, words
from millrace.workflow.figures import LOWER_IS_BETTER, better_by
from millrace.workflow.learning import AnyGate

_THRESHOLDS = (
    *("accuracy", "balanced_accuracy", "macro_f1", "matthews"),
    *("f1", "average_precision"),
    *("log_loss", "calibration_error"),
    *("r2", "mae", "rmse", "median_absolute_error"),
)


def threshold_checks(gate: AnyGate, facts: Mapping[str, Any]) -> list[Check]:
    """Return a check for every threshold that is set; limits themselves pass."""
    checks = [
        compare(name, getattr(gate, name), facts["metrics"][name]["value"])
        for name in _THRESHOLDS
        if getattr(gate, name, None) is not None
    ]
    decision = facts.get("decision")
    if getattr(gate, "goal", False) and decision is not None and decision["reached"] is not None:
        checks.append(_reaches_goal(decision))
    return [*checks, _beats_baseline(gate.by, facts)] if gate.beat_baseline else checks


def compare(name: str, limit: float, value: float, whose: str = "the gate's") -> Check:
    """Return the check that a figure is at least as good as a limit, and whose limit it is."""
    passed = better_by(name, value, limit) >= 0
    word = "equal to" if value == limit else "above" if value > limit else "below"
    shown, bound = figures(value, limit)
    sentence = f"{words(name)} {shown} is {word} {whose} {bound}"
    expected = f"{_bound(name)} {limit:g}"
    return Check(name, passed, expected, value, sentence)


def _bound(name: str) -> str:
    return "at most" if name in LOWER_IS_BETTER else "at least"


def _beats_baseline(by: str, facts: Mapping[str, Any]) -> Check:
    value = facts["metrics"][by]["value"]
    if facts["baseline"] is None:
        sentence = "the gate asks for a comparison with a baseline, and there is none"
        return Check("beat_baseline", False, "a baseline", None, sentence)
    limit = facts["baseline"]["metrics"][by]
    passed, worse = better_by(by, value, limit) >= 0, "above" if by in LOWER_IS_BETTER else "below"
    verb = "reaches" if passed else f"is {worse}"
    shown, bound = figures(value, limit)
    sentence = f"{words(by)} {shown} {verb} the baseline's {bound}"
    return Check("beat_baseline", passed, f"{_bound(by)} {limit:g}", value, sentence)


def _reaches_goal(decision: Mapping[str, Any]) -> Check:
    """Return the verdict that was reached when the threshold was chosen."""
    expected = f"at least {decision['goal']['at_least']} on the validation split"
    passed = bool(decision["reached"])
    return Check("goal", passed, expected, decision["value"], decision["sentence"])
