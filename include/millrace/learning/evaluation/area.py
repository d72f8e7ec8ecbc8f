"""`area`: the area under the ROC curve, of two classes or, one against the rest, of more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.ranking import Ranking


def area(truth: npt.NDArray[np.int32], probabilities: npt.NDArray[np.float64]) -> float | None:
    """Return the area, 0 to 1; of more than two classes the mean of each against the rest.

    None where no class can be told from another, since the records have a single one.

    Args:
        truth: classes, (rows,). probabilities: of each class, (rows, classes).
    """
    count = probabilities.shape[1]
    chosen = (1,) if count == 2 else range(count)
    found = []
    for name in chosen:
        positive = truth == name
        if positive.any() and not positive.all():
            found.append(float(Ranking(probabilities[:, name], positive).taken().roc_auc))
    return float(np.mean(found)) if found else None
