"""`most_unusual`: records that an isolation forest sets apart (Liu, Ting, Zhou 2008).

It refuses nothing: what is rare may be right. People look at what it finds, and say in the contract
what is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.learning.rows.encoder import Features

_TREES, _SEED = 100, 0


def comparable(features: Features, numbers: int) -> Features:
    """Return features of which more apart means more unusual ``(rows, columns)``.

    The place of a category says nothing of it: how rare it is among these records stands for it.

    Args:
        features: of an encoder; NaN counts as 0, the middle of scaled numbers.
        numbers: how many of the columns are numbers; they come first.
    """
    made = np.nan_to_num(features)
    for column in range(numbers, features.shape[1]):
        _, place, counts = np.unique(made[:, column], return_inverse=True, return_counts=True)
        made[:, column] = np.log(len(made) / counts)[place]
    return made


def most_unusual(features: Features, count: int) -> list[int]:
    """Return the rows of the most unusual records, the first the most.

    Args:
        features: `comparable` ones ``(rows, columns)``.
    """
    from sklearn.ensemble import IsolationForest

    if not len(features):
        return []
    forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(features)
    order: list[int] = np.argsort(forest.score_samples(features), kind="stable")[:count].tolist()
    return order


def deviations(features: Features) -> npt.NDArray[np.float64]:
    """Return how many standard deviations each value is from its column's mean, likewise."""
    values = features.astype(np.float64)
    spread = values.std(axis=0)
    apart: npt.NDArray[np.float64] = np.abs(values - values.mean(axis=0))
    return apart / np.where(spread > 0, spread, 1)
