"""`draw_residuals`: errors of predicted numbers, by prediction and by frequency."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from millrace.learning.evaluation.estimates import Estimates
from millrace.learning.evaluation.plots.figure import BLUE, MUTED, ORANGE, drawing, plain
from millrace.learning.evaluation.plots.scatter import scatter

_BINS = 30


def draw_residuals(path: Path, estimates: Estimates, unit: str = "") -> None:
    """Draw the error of each record by its prediction, and how often errors of each size are.

    Errors that grow with the prediction, or curve, are what a better model or ``transform: log``
    could still learn.
    """
    errors, of_unit = estimates.errors, f" ({plain(unit, 30)})" if unit else ""
    with drawing(path, 10, 4.2) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2), sharey=True)
        scatter(left, estimates.predicted, errors, BLUE)
        left.axhline(0, color=MUTED, lw=1, ls="--")
        left.set(xlabel=f"prediction{of_unit}", ylabel=f"error: prediction - label{of_unit}")
        left.set_title("Residuals")
        left.grid()
        right.hist(errors, bins=_BINS, orientation="horizontal", color=BLUE)
        mean = float(np.mean(errors))
        right.axhline(mean, color=ORANGE, lw=1.5, label=f"mean error {mean:.3g}")
        right.set(xlabel="test records")
        right.legend(loc="upper right")
