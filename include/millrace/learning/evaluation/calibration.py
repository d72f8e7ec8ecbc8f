"""How far a model's confidence is from how often it is right.

Expected calibration error: M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining Well Calibrated
Probabilities Using Bayesian Binning", AAAI 2015; for the predicted class and 15 bins of equal
width as in C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks",
ICML 2017.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.outcomes import Outcomes

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """The records by confidence, one entry a bin of equal width from 0 to 1.

    Attributes:
        rows: records in the bin. accuracy: share of them that is right, 0 to 1. confidence: their
            mean confidence, 0 to 1. Both are 0 in an empty bin.
        error: expected calibration error, 0 to 1.
    """

    rows: npt.NDArray[np.int64]
    accuracy: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    error: float


def confidence_bins(outcomes: Outcomes) -> npt.NDArray[np.int64]:
    """Return the bin of each record, 0 to `BINS` - 1; bins are open below and closed above."""
    upper = np.ceil(outcomes.confidence * BINS).astype(np.int64) - 1
    return np.clip(upper, 0, BINS - 1)


def reliability(outcomes: Outcomes) -> Reliability:
    """Return accuracy and confidence a bin, and the expected calibration error."""
    bins = confidence_bins(outcomes)
    rows = np.bincount(bins, minlength=BINS)
    filled = np.maximum(rows, 1)
    accuracy = np.bincount(bins, weights=outcomes.correct, minlength=BINS) / filled
    confidence = np.bincount(bins, weights=outcomes.confidence, minlength=BINS) / filled
    error = float(np.sum(rows * np.abs(accuracy - confidence)) / max(len(outcomes), 1))
    return Reliability(rows, accuracy, confidence, error)
