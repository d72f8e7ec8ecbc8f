"""`leaking`: which records would have a near duplicate in training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Shares = npt.NDArray[np.float64]


def leaking(sizes: Shares, train: float) -> Shares:
    """Return with which probability a test record has a near duplicate in training, where records
    are drawn one by one and families are not kept together.

    It is 1 - (1 - train)**(n - 1) in a family of n, since each of the others is drawn by itself.

    Args:
        sizes: of the families of records, with the record itself.
        train: share of the records that are drawn into training.
    """
    shares: Shares = 1 - (1 - train) ** (sizes - 1)
    return shares


def expected_leakage(family: npt.NDArray[np.int64], train: float) -> float:
    """Return the share of test records with a near duplicate in training, 0 to 1, that a split by
    single records is to be expected to have; see `leaking`.

    Args:
        family: of each record, the number of its family.
        train: share of the records that are drawn into training.
    """
    if not len(family):
        return 0.0
    sizes = np.unique_counts(family).counts.astype(np.float64)
    return float((sizes * leaking(sizes, train)).sum() / len(family))
