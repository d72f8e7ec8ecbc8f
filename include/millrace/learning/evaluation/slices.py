"""The figures of each slice: the test records of one source. Sources without a record have none."""

from __future__ import annotations

from typing import Any

import numpy as np

from millrace.learning.evaluation.bootstrap import accuracy_interval
from millrace.learning.evaluation.metrics import overall
from millrace.learning.evaluation.outcomes import Outcomes


def slices(outcomes: Outcomes, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return rows and figures by source; the accuracy with its 95 % interval.

    Returns:
        ``{source: {"rows", "accuracy": {"value", "low", "high"}, …}}`` with the further figures of
        `metrics.overall`, and ``positives``, rows of the positive class, where there is one.
    """
    found: dict[str, dict[str, Any]] = {}
    for index, name in enumerate(outcomes.sources):
        part = outcomes.where(outcomes.source == index)
        figures: dict[str, Any] = dict(overall(part))
        low, high = accuracy_interval(part, replicates, seed)
        figures["accuracy"] = {"value": figures["accuracy"], "low": low, "high": high}
        if part.positive is not None:
            figures["positives"] = int(np.sum(part.truth == part.positive))
        found[name] = {"rows": len(part), **figures}
    return found
