"""Facts of an evaluation as sentences: for reports, cards and a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.workflow.figures import written_figure


def review_sentence(facts: Mapping[str, Any]) -> str | None:
    """Return what a band in which a person must look means, without a full stop; or None."""
    found = facts.get("review")
    if not found:
        return None
    low, high = found["band"]
    mistakes = found["errors"] + found["decided_errors"]
    rest = found.get("decided_accuracy")
    text = (
        f"between the probabilities {low:g} and {high:g} a person must look: "
        f"{found['review_share']:.1%} of the test records, with {found['errors']:,} of "
        f"{mistakes:,} mistakes"
    )
    return text if rest is None else f"{text}; accuracy on the rest {written_figure(rest)}"


def calibration_sentence(facts: Mapping[str, Any]) -> str | None:
    """Return how probabilities were made honest, without a full stop; or None."""
    found = facts.get("temperature")
    if not found:
        return None
    before, after = (written_figure(found[name]) for name in ("log_loss_before", "log_loss"))
    return (
        f"temperature {found['temperature']:.3g}, found on {found['rows']:,} validation records "
        f"(log loss {before} before, {after} after)"
    )
