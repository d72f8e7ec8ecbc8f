"""`honesty`: what a figure on one test split does not say: folds, shortcuts, and hidden leakage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.learning.gating.check import words
from millrace.workflow.stage import StageContext

_LEAST_AREA = 0.7  # below which facts without content say too little to warn
_ROLES = ("cross_validation", "shortcuts")


def honesty(
    context: StageContext, figures: Mapping[str, float], start: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the facts ``cross_validation``, ``shortcuts``, ``warnings`` and ``beside``.

    The first two are None where nobody measured them; ``warnings`` are sentences; ``beside`` the
    keys of the artifacts.

    Args:
        context: of the stage `evaluate`. figures: of the bundle on the test split.
        start: what its training began with, where that was no random weights.
    """
    validation, short = (context.optional(role) for role in _ROLES)
    folds = None if validation is None else dict(validation.facts)
    shortcuts = None if short is None else _shortcuts(short, folds, figures)
    warnings = [*(context.one("dataset").facts.get("warnings") or ())]
    if shortcuts is not None and shortcuts["as_good"]:
        warnings.append("facts without content do as well as the model: see shortcuts")
    if start:
        warnings.append(
            f"training began with the weights of the file {start['sha256'][:12]}, and nothing "
            "tells whether they were learnt from test records"
        )
    beside = {
        role: one.ref.key for role, one in zip(_ROLES, (validation, short), strict=True) if one
    }
    return {
        "cross_validation": folds,
        "shortcuts": shortcuts,
        "warnings": warnings,
        "beside": beside,
    }


def _shortcuts(
    short: Artifact, folds: Mapping[str, Any] | None, figures: Mapping[str, float]
) -> dict[str, Any]:
    """Return the facts of the shortcuts, with the model's figure in their sentence."""
    facts = dict(short.facts)
    reached = facts.get("metrics")
    if reached is None:
        return {**facts, "as_good": False}
    ours = {name: one["mean"] for name, one in folds["metrics"].items()} if folds else figures
    place = "on the same folds" if folds else "on the test split"
    both = [name for name in ("roc_auc", "accuracy") if name in reached and name in ours]
    if not both:  # the model answers something else
        return {**facts, "as_good": False}
    said = " and ".join(f"{words(name)} {ours[name]:.3f}" for name in both)
    strong = _strong(facts)
    as_good = strong and ours[both[0]] <= reached[both[0]]["mean"]
    sentence = f"{facts['sentence']}; the model reaches {said} {place}"
    return {**facts, "sentence": sentence, "as_good": as_good}


def _strong(facts: Mapping[str, Any]) -> bool:
    """Whether facts tell classes at all."""
    reached = facts["metrics"]
    if "roc_auc" in reached:
        return bool(reached["roc_auc"]["mean"] >= _LEAST_AREA)
    return bool(reached["accuracy"]["mean"] > facts["most_frequent"])
