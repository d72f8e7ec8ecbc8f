"""`expected_leakage`: how many test records would have a near duplicate in training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def expected_leakage(family: npt.NDArray[np.int64], train: float) -> float:
    """Return the share of test records with a near duplicate in training, 0 to 1, that a split by
    single records is to be expected to have, where families are not kept together.

    A record of a family of n has one with the probability 1 - (1 - train)**(n - 1), since each of
    the others is drawn by itself.

    Args:
        family: of each record, the number of its family.
        train: share of the records that are drawn into training.
    """
    if not len(family):
        return 0.0
    sizes = np.unique_counts(family).counts.astype(np.float64)
    return float((sizes * (1 - (1 - train) ** (sizes - 1))).sum() / len(family))
