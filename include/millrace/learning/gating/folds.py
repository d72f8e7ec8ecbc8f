"""The checks of the cross-validation: how models of a workflow do on all records, fold by fold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from millrace.learning.gating.check import Check, words
from millrace.learning.gating.thresholds import compare
from millrace.workflow.fold_limits import FoldLimits
from millrace.workflow.learning import AnyGate

Facts = Mapping[str, Any]


def fold_checks(gate: AnyGate, facts: Facts) -> list[Check]:
    """Return a check for every limit on the folds; limits themselves pass.

    Args:
        facts: of the evaluation. Where it stood beside no cross-validation, the check fails.
    """
    limits: FoldLimits | None = getattr(gate, "folds", None)
    if limits is None:
        return []
    found = facts.get("cross_validation")
    if not found:
        sentence = "the gate asks for figures over folds, and there is no cross-validation"
        return [Check("folds", False, "a cross-validation", None, sentence)]
    checks = []
    for name, limit in limits.figures.items():
        checks.append(_check(name, limit, found, "the gate's"))
        if limits.beat_baseline:
            rival = (found["baseline"]["metrics"].get(name) or {}).get("mean")
            checks.append(_check(name, rival, found, "the baseline's", "folds_beat_baseline"))
    return checks


def _check(name: str, limit: float | None, found: Facts, whose: str, check: str = "folds") -> Check:
    title, mean = f"{check}[{name}]", (found["metrics"].get(name) or {}).get("mean")
    if mean is None or limit is None:
        sentence = f"not every one of {len(found['folds'])} folds has a figure of {words(name)}"
        return Check(title, False, limit, mean, sentence)
    made = compare(name, limit, mean, whose)
    said = f"on average of {len(found['folds'])} folds, {made.sentence}"
    return replace(made, name=title, sentence=said)
