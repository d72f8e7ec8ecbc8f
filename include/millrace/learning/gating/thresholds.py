"""The checks of a challenger alone: thresholds that the spec names, and the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.gating.check import Check, figures
from millrace.workflow.learning import Gate

_AT_LEAST = ("accuracy", "macro_f1")
_AT_MOST = ("log_loss", "calibration_error")


def threshold_checks(gate: Gate, facts: Mapping[str, Any]) -> list[Check]:
    """Return a check for every threshold that is set; limits themselves pass."""
    checks = [
        _compare(name, getattr(gate, name), facts["metrics"][name]["value"], sign)
        for names, sign in ((_AT_LEAST, 1), (_AT_MOST, -1))
        for name in names
        if getattr(gate, name) is not None
    ]
    return [*checks, _beats_baseline(facts)] if gate.beat_baseline else checks


def _compare(name: str, limit: float, value: float, sign: int) -> Check:
    passed = sign * (value - limit) >= 0
    word = "equal to" if value == limit else "above" if value > limit else "below"
    shown, bound = figures(value, limit)
    sentence = f"{_words(name)} {shown} is {word} the gate's {bound}"
    expected = f"{'at least' if sign > 0 else 'at most'} {limit}"
    return Check(name, passed, expected, value, sentence)


def _beats_baseline(facts: Mapping[str, Any]) -> Check:
    value = facts["metrics"]["accuracy"]["value"]
    if facts["baseline"] is None:
        sentence = "the gate asks for a comparison with a baseline, and there is none"
        return Check("beat_baseline", False, "a baseline", None, sentence)
    limit = facts["baseline"]["metrics"]["accuracy"]
    verb = "reaches" if value >= limit else "is below"
    shown, bound = figures(value, limit)
    sentence = f"accuracy {shown} {verb} the baseline's {bound}"
    return Check("beat_baseline", value >= limit, f"at least {limit}", value, sentence)


def _words(name: str) -> str:
    return {"macro_f1": "macro F1"}.get(name, name.replace("_", " "))
