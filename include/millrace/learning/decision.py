"""`Rule`: from the probabilities of two classes to the predicted one, by a threshold.

It is chosen in `millrace.learning.threshold` and kept in ``bundle.json``; nothing else decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.errors import DataError

REVIEW = "needs_review"
"""The column that says whether a person must look at a record before its prediction is used."""


@dataclass(frozen=True)
class Rule:
    """The positive class is predicted where its probability is at least the threshold.

    Attributes:
        labels: the two classes, in the order of the probabilities. positive: one of them.
        threshold: 0 (always) to just above 1 (never).
        costs: of a mistake about a record of each class, by label; or None.
        abstain: from the first to below the second probability of the positive class, a prediction
            needs a person; or None.
    """

    labels: tuple[str, str]
    positive: str
    threshold: float
    costs: Mapping[str, float] | None = None
    abstain: tuple[float, float] | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any], labels: Sequence[str], where: str) -> Rule | None:
        """Return the rule of a ``bundle.json``, or None where it has none.

        Raises:
            DataError: what it says is not a rule for its labels.
        """
        found = document.get("decision")
        if found is None:
            return None
        try:
            first, second = labels
            band = found.get("abstain")
            rule = cls(
                (first, second),
                found["positive"],
                found["threshold"],
                found.get("costs"),
                None if band is None else (float(band["low"]), float(band["high"])),
            )
            sound = rule.positive in labels and math.isfinite(rule.threshold)
            sound = sound and (rule.abstain is None or _is_band(*rule.abstain))
            sound = sound and (rule.costs is None or set(rule.costs) == set(labels))
        except (KeyError, TypeError, ValueError, AttributeError):
            sound = False
        if not sound:
            raise DataError(
                "the bundle's decision does not fit its labels",
                where=where,
                expected=f"a threshold on the probability of one of {', '.join(labels)}",
                received=found,
                remedy="Train the model again.",
            )
        return rule

    @property
    def index(self) -> int:
        """Place of the positive class among the labels."""
        return self.labels.index(self.positive)

    def __call__(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """Return the place of each record's class; `probabilities` is (rows, 2)."""
        taken = probabilities[:, self.index].astype(np.float64) >= self.threshold
        return np.where(taken, self.index, 1 - self.index)

    def needs_review(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Return which records a person must look at; `probabilities` is (rows, 2).

        One that is no number is certain of nothing.
        """
        if self.abstain is None:
            return np.zeros(len(probabilities), bool)
        score = probabilities[:, self.index].astype(np.float64)
        low, high = self.abstain
        return ~((score < low) | (score >= high))


def _is_band(low: float, high: float) -> bool:
    return 0 <= low < high <= 1


def needs_review(
    probabilities: npt.NDArray[np.float32], rule: Rule | None
) -> npt.NDArray[np.bool_]:
    """Return which records a person must look at, none without a rule; see `predicted_classes`."""
    return np.zeros(len(probabilities), bool) if rule is None else rule.needs_review(probabilities)


def predicted_classes(
    probabilities: npt.NDArray[np.float32], rule: Rule | None
) -> npt.NDArray[np.int64]:
    """Return the place of each record's class among the labels, the most probable without a rule.

    Args:
        probabilities: (rows, classes).
        rule: of the model.
    """
    if rule is not None:
        return rule(probabilities)
    return probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.int64)
