"""`most_unusual`: records that an isolation forest sets apart (Liu, Ting, Zhou 2008).

It refuses nothing: what is rare may be right. People look at what it finds, and say in the contract
what is not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.learning.rows.encoder import Features

_TREES, _SEED = 100, 0


def most_unusual(features: Features, count: int) -> list[int]:
    """Return the rows of the most unusual records, the first the most.

    Args:
        features: ``(rows, columns)``; NaN counts as 0, the middle of scaled numbers.
    """
    from sklearn.ensemble import IsolationForest

    if not len(features):
        return []
    values = np.nan_to_num(features)
    forest = IsolationForest(n_estimators=_TREES, random_state=_SEED).fit(values)
    order: list[int] = np.argsort(forest.score_samples(values), kind="stable")[:count].tolist()
    return order


def deviations(features: Features) -> npt.NDArray[np.float64]:
    """Return how many standard deviations each value is from its column's mean, likewise."""
    values = np.nan_to_num(features).astype(np.float64)
    spread = values.std(axis=0)
    apart: npt.NDArray[np.float64] = np.abs(values - values.mean(axis=0))
    return apart / np.where(spread > 0, spread, 1)
