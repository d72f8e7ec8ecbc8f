"""The checks of a challenger against the champion: overall, and on each slice.

Without a champion, or with one that answers another question, there is nothing to fall behind: the
checks pass and say so. A slice of fewer than `LEAST_ROWS` records is not judged, since one record
more or less wrong would move its accuracy by more than any sensible limit. A slice may hold a
single class, of which several figures say nothing: there, accuracy is compared instead. Drops in
figures that have a unit are shares of the champion's figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.gating.check import Check, figure, figures, words
from millrace.workflow.figures import LOWER_IS_BETTER, drop
from millrace.workflow.learning import OF_A_CLASS, AnyGate

LEAST_ROWS = 30
_ROUNDING = 1e-9  # of a difference of two ratios


def champion_checks(gate: AnyGate, facts: Mapping[str, Any]) -> list[Check]:
    """Return a check of the figure that the gate compares by, overall and for each slice."""
    champion = facts["champion"]
    if champion is None or not champion["comparable"]:
        reason = "there is no champion yet" if champion is None else champion["reason"]
        return [
            Check(name, True, f"a drop of at most {limit}", None, f"{reason}: nothing to compare")
            for name, limit in (
                ("overall_drop", gate.overall_drop),
                ("slice_drop", gate.slice_drop),
            )
        ]
    by = gate.by
    value = facts["metrics"][by]["value"]
    return [
        _drop("overall_drop", by, words(by), value, champion["metrics"][by], gate),
        *(
            _slice(name, figures, champion["slices"][name], gate)
            for name, figures in facts["slices"].items()
        ),
    ]


def _slice(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], gate: AnyGate) -> Check:
    check, by = f"slice_drop[{name}]", _figure_of(gate.by, ours)
    if ours["rows"] < LEAST_ROWS:
        rows = "1 record" if ours["rows"] == 1 else f"{ours['rows']} records"
        sentence = f"slice {name} has {rows}, too few to judge (fewer than {LEAST_ROWS})"
        return Check(check, True, f"a drop of at most {gate.slice_drop}", None, sentence)
    subject = f"{words(by)} on slice {name}"
    return _drop(check, by, subject, _value(ours[by]), _value(theirs[by]), gate)


def _figure_of(by: str, part: Mapping[str, Any]) -> str:
    """Return the figure by which a slice is compared: `by`, or accuracy where it says nothing."""
    if "accuracy" not in part:
        return by
    if by in OF_A_CLASS:
        fewest = min(part["positives"], part["rows"] - part["positives"])
        return by if fewest >= LEAST_ROWS else "accuracy"
    return by if by == "balanced_accuracy" else "accuracy"


def _value(figure: Any) -> float:
    """Return a slice's figure; the accuracy has its interval beside it."""
    return float(figure["value"] if isinstance(figure, Mapping) else figure)


def _of(by: str) -> str:
    return " of it" if drop(by, 3, 2) not in (1, -1) else ""


def _drop(check: str, by: str, subject: str, value: float, champion: float, gate: AnyGate) -> Check:
    limit = gate.overall_drop if check == "overall_drop" else gate.slice_drop
    lost = drop(by, value, champion)
    passed = lost <= limit + _ROUNDING
    shown, bound = figures(value, champion)
    worse = "above" if by in LOWER_IS_BETTER else "below"
    if lost <= 0:
        verdict = f"{subject} {shown} is not {worse} the champion's {bound}"
    else:
        verdict = (
            f"{subject} {shown} is {figure(lost)}{_of(by)} {worse} the champion's {bound}, "
            f"{'within' if passed else 'more than'} the gate's {figure(limit)}"
        )
    return Check(check, passed, f"a drop of at most {limit}", lost, verdict)
