"""`leave_out`: the weight of a column is what the prediction loses where its value is missing.

Needs only answers, so it works on any bundle without a deep-learning framework.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.log_odds import log_odds
from millrace.learning.rows.encoder import Features, RowEncoder

Answer = Callable[[Features], npt.NDArray[Any]]
Weights = npt.NDArray[np.float64]

_AT_ONCE = 1 << 22  # features of changed records
_MOST = 1 << 30  # likewise, of all records together


def affordable(columns: int) -> int:
    """Return for how many records weights may be asked for: each column costs a changed record."""
    return max(1, _MOST // columns**2)


def leave_out(
    answer: Answer, encoder: RowEncoder, features: Features, classes: npt.NDArray[np.int32]
) -> Weights:
    """Return the weight of each column for each record ``(rows, columns)``.

    A number that is left out is what stands for a missing one; a category is unknown.

    Args:
        answer: probabilities ``(rows, classes)`` of features ``(rows, columns)``.
        classes: whose log-odds are looked at, one a record.
    """
    rows = np.arange(len(classes))

    def score(answers: npt.NDArray[np.float32]) -> Weights:
        return log_odds(answers[..., rows, classes])

    return _changes(answer, encoder, features, score)


def leave_out_values(answer: Answer, encoder: RowEncoder, features: Features) -> Weights:
    """Return what the predicted number of each record loses without each column, likewise.

    Args:
        answer: numbers ``(rows,)`` of features ``(rows, columns)``.
    """
    return _changes(answer, encoder, features, lambda answers: answers.astype(np.float64))


def _changes(
    answer: Answer, encoder: RowEncoder, features: Features, score: Callable[[Any], Weights]
) -> Weights:
    """Return the score of whole records less that of those without a column.

    Args:
        score: one a record, of answers ``(…, rows, *shape)``.
    """
    rows, columns = features.shape
    without, weights = _missing(encoder), np.empty((rows, columns))
    if not rows:
        return weights
    found = answer(features)
    whole, shape = score(found), found.shape[1:]
    step = max(1, _AT_ONCE // (rows * columns))
    for start in range(0, columns, step):
        changed = np.arange(start, min(start + step, columns))
        copies = np.repeat(features[np.newaxis], len(changed), axis=0)
        copies[np.arange(len(changed)), :, changed] = without[changed, np.newaxis]
        found = answer(copies.reshape(-1, columns)).reshape(len(changed), rows, *shape)
        weights[:, changed] = (whole - score(found)).T
    return weights


def _missing(encoder: RowEncoder) -> Features:
    """Return the features of a record without any value ``(columns,)``."""
    numbers = encoder.scaling(np.full((1, len(encoder.scaling.names)), np.nan))[0]
    return np.concatenate([numbers, np.array(encoder.starts, np.float32)])
