"""The figures of a classifier on labelled records. Intervals are in `bootstrap`.

What they are where classes are absent is said in `counts` and `ranking`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.counts import count
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.ranking import Ranking, Taken

LEAST_LIKELIHOOD = float(np.finfo(np.float32).eps)
"""Probabilities are raised to this before their logarithm, as in `sklearn.metrics.log_loss`."""


def losses(outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Return the negative logarithm of each record's likelihood, nats (rows,)."""
    return -np.log(np.clip(outcomes.likelihood, LEAST_LIKELIHOOD, 1.0))


def overall(outcomes: Outcomes) -> dict[str, float]:
    """Return the figures by name.

    Accuracy, balanced accuracy, macro F1, Matthews correlation (-1 to 1), log loss (nats) and
    expected calibration error; of a positive class precision, recall, F1, average precision and
    the area under the ROC curve; the mean cost of mistakes a record, where costs are known.
    """
    counts = count(outcomes.truth, outcomes.predicted, len(outcomes.labels))
    figures = counts.figures(outcomes.positive, outcomes.costs)
    if outcomes.score is not None:
        ranking = Ranking(outcomes.score, outcomes.truth == outcomes.positive)
        figures |= areas(ranking.taken())
    return {name: float(value) for name, value in figures.items()} | {
        "log_loss": float(losses(outcomes).mean()),
        "calibration_error": reliability(outcomes).error,
    }


def areas(taken: Taken) -> dict[str, npt.NDArray[np.float64]]:
    """Return the figures of a ranking by name."""
    return {"average_precision": taken.average_precision, "roc_auc": taken.roc_auc}


def per_class(outcomes: Outcomes) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1 and support (rows) of every class."""
    figures = metrics.precision_recall_fscore_support(
        outcomes.truth,
        outcomes.predicted,
        labels=range(len(outcomes.labels)),
        zero_division=0,
    )
    return {
        label: {
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
        }
        for label, precision, recall, f1, support in zip(outcomes.labels, *figures, strict=True)
    }


def confusion(outcomes: Outcomes) -> npt.NDArray[np.int64]:
    """Return how often each true class (row) was taken for each class (column)."""
    classes = range(len(outcomes.labels))
    matrix: npt.NDArray[np.int64] = metrics.confusion_matrix(
        outcomes.truth, outcomes.predicted, labels=classes
    )
    return matrix


def cost_table(
    matrix: npt.NDArray[np.int64], costs: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return what all records in each cell of a confusion matrix cost together.

    Args:
        matrix: records by true class (row) and predicted class (column).
        costs: of a mistake about one record of each class, (classes,).
    """
    mistakes = 1 - np.eye(len(matrix))
    return matrix * costs[:, None] * mistakes
