"""`verdict`: says plainly where the baseline wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.learning.gating.check import figures, words
from millrace.workflow.figures import better_by


def verdict(
    by: str,
    value: float,
    bundle: Artifact,
    baseline: Artifact | None,
    found: Mapping[str, Any] | None,
) -> str | None:
    """Return a sentence, without a full stop, where the baseline is better or is the model itself.

    Args:
        by: the figure by which models are compared. value: the model's.
        bundle: the model. baseline: its artifact. found: its figures (`baseline_figures`).
    """
    if baseline is None or found is None:
        return None
    if baseline.ref.digest == bundle.ref.digest:
        return f"The baseline won: {found['kind']} is the best candidate, and the model of this run"
    theirs = found["metrics"][by]
    if better_by(by, theirs, value) <= 0:
        return None
    best, other = figures(theirs, value)
    return f"The baseline is better: {words(by)} {best} against {other}"
