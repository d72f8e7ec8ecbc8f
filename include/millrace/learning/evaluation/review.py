"""`review`: how many records need a person, and how good the answers about the others are."""

from __future__ import annotations

from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.evaluation.outcomes import Outcomes

REVIEWED = ("review_share", "decided_accuracy")
"""Figures for the catalog."""


def review(outcomes: Outcomes, rule: Rule | None) -> dict[str, Any] | None:
    """Return the figures of a band in which predictions need a person; None without a band.

    Returns:
        ``band``, the probabilities of the positive class; ``rows`` in it; ``review_share`` of all;
        ``errors`` in it and ``decided_errors`` outside; ``decided_accuracy``, of the records
        outside, None where there are none.
    """
    if rule is None or rule.abstain is None:
        return None
    inside, wrong = outcomes.review, ~outcomes.correct
    decided = int((~inside).sum())
    errors = int((wrong & ~inside).sum())
    return {
        "band": list(rule.abstain),
        "rows": int(inside.sum()),
        "review_share": float(inside.mean()),
        "errors": int((wrong & inside).sum()),
        "decided_errors": errors,
        "decided_accuracy": 1 - errors / decided if decided else None,
    }
