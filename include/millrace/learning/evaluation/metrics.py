"""The figures of a classifier on labelled records. Intervals are in `bootstrap`.

A class that occurs neither among the labels nor among the predictions takes no part in macro F1, as
in scikit-learn; a ratio without a denominator is 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import metrics

from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.outcomes import Outcomes

LEAST_LIKELIHOOD = float(np.finfo(np.float32).eps)
"""Probabilities are raised to this before their logarithm, as in `sklearn.metrics.log_loss`."""

METRICS = ("accuracy", "macro_f1", "log_loss", "calibration_error")


def losses(outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Return the negative logarithm of each record's likelihood, nats (rows,)."""
    return -np.log(np.clip(outcomes.likelihood, LEAST_LIKELIHOOD, 1.0))


def overall(outcomes: Outcomes) -> dict[str, float]:
    """Return accuracy, macro F1, log loss (nats) and expected calibration error."""
    truth, predicted = outcomes.truth, outcomes.predicted
    return {
        "accuracy": float(metrics.accuracy_score(truth, predicted)),
        "macro_f1": float(metrics.f1_score(truth, predicted, average="macro", zero_division=0)),
        "log_loss": float(losses(outcomes).mean()),
        "calibration_error": reliability(outcomes).error,
    }


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
