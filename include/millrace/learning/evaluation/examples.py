"""Which records people are shown: the most confident mistakes, and some of every class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.outcomes import Outcomes

ERRORS = 24
"""Mistakes, at most."""

_SAMPLE = 12  # right answers, at most

Classes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Asked:
    """Which test records are to be explained.

    Attributes:
        outcomes: of all of them.
        mistakes: rows, the most confident first. sample: rows of right answers, in order.
    """

    outcomes: Outcomes
    mistakes: list[int]
    sample: list[int]

    @classmethod
    def of(cls, outcomes: Outcomes, errors: int, sample: int, seed: int) -> Asked:
        """Choose so many of the mistakes, and draw so many of the rest."""
        right = np.flatnonzero(outcomes.correct)
        drawn = np.random.default_rng(seed).permutation(right)[:sample]
        mistakes = confident_errors(outcomes.confidence, outcomes.correct, errors)
        return cls(outcomes, mistakes, np.sort(drawn).tolist())

    def sentence(self) -> str:
        """Return how many were chosen of how many."""
        wrong = int((~self.outcomes.correct).sum())
        right = len(self.outcomes) - wrong
        left_out = wrong - len(self.mistakes)
        least = f", the most confident; {left_out:,} were left out" if left_out else ""
        return (
            f"Of {len(self.outcomes):,} test records, {len(self.mistakes):,} of {wrong:,} mistakes "
            f"are explained{least}; and {len(self.sample):,} of {right:,} right answers, drawn at "
            "random."
        )


def confident_errors(
    confidence: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.bool_], most: int = ERRORS
) -> list[int]:
    """Return the rows of the mistakes, at most so many, the most confident first."""
    wrong = np.flatnonzero(~correct)
    order: list[int] = wrong[np.argsort(-confidence[wrong], kind="stable")][:most].tolist()
    return order


def some_of_each(classes: Classes, correct: npt.NDArray[np.bool_]) -> list[int]:
    """Return the first rows of right answers, evenly of the classes that have some."""
    right = np.flatnonzero(correct)
    present = np.unique(classes[right])
    most = max(1, _SAMPLE // max(len(present), 1))
    chosen = (right[classes[right] == index][:most] for index in present[:_SAMPLE])
    return _flat(rows.tolist() for rows in chosen)


def _flat(lists: Iterable[list[int]]) -> list[int]:
    return [row for rows in lists for row in rows]
