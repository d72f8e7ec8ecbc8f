"""Which records people are shown: the most confident mistakes, and some of every class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

ERRORS = 24
"""Mistakes, at most."""

_SAMPLE = 12  # right answers, at most

Classes = npt.NDArray[np.int32]


def confident_errors(
    confidence: npt.NDArray[np.floating[Any]], correct: npt.NDArray[np.bool_]
) -> list[int]:
    """Return the rows of the mistakes, the most confident first."""
    wrong = np.flatnonzero(~correct)
    order: list[int] = wrong[np.argsort(-confidence[wrong], kind="stable")][:ERRORS].tolist()
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
