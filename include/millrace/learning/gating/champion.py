"""The checks of a challenger against the champion: overall, and on each slice.

Without a champion, or with one that answers another question, there is nothing to fall behind: the
checks pass and say so. A slice of fewer than `LEAST_ROWS` records is not judged, since one record
more or less wrong would move its accuracy by more than any sensible limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.gating.check import Check, figure, figures
from millrace.workflow.learning import Gate

LEAST_ROWS = 30
_ROUNDING = 1e-9  # of a difference of two ratios


def champion_checks(gate: Gate, facts: Mapping[str, Any]) -> list[Check]:
    """Return the check of the overall accuracy and one for each slice."""
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
    value = facts["metrics"]["accuracy"]["value"]
    overall = _drop("overall_drop", "accuracy", value, champion["metrics"]["accuracy"], gate)
    return [
        overall,
        *(
            _slice(name, figures, champion["slices"][name], gate)
            for name, figures in facts["slices"].items()
        ),
    ]


def _slice(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], gate: Gate) -> Check:
    check = f"slice_drop[{name}]"
    if ours["rows"] < LEAST_ROWS:
        rows = "1 record" if ours["rows"] == 1 else f"{ours['rows']} records"
        sentence = f"slice {name} has {rows}, too few to judge (fewer than {LEAST_ROWS})"
        return Check(check, True, f"a drop of at most {gate.slice_drop}", None, sentence)
    subject = f"accuracy on slice {name}"
    return _drop(check, subject, ours["accuracy"]["value"], theirs["accuracy"]["value"], gate)


def _drop(check: str, subject: str, value: float, champion: float, gate: Gate) -> Check:
    limit = gate.overall_drop if check == "overall_drop" else gate.slice_drop
    drop = champion - value
    passed = drop <= limit + _ROUNDING
    shown, bound = figures(value, champion)
    if drop <= 0:
        verdict = f"{subject} {shown} is not below the champion's {bound}"
    else:
        verdict = (
            f"{subject} {shown} is {figure(drop)} below the champion's {bound}, "
            f"{'within' if passed else 'more than'} the gate's {figure(limit)}"
        )
    return Check(check, passed, f"a drop of at most {limit}", drop, verdict)
