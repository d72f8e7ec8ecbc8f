"""`draw_predicted`: predicted numbers by the true ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from millrace.learning.evaluation.estimates import Estimates
from millrace.learning.evaluation.plots.figure import BLUE, MUTED, drawing, plain
from millrace.learning.evaluation.plots.scatter import scatter


def draw_predicted(path: Path, estimates: Estimates, unit: str = "") -> None:
    """Draw a point a record; on the line, prediction and label are equal."""
    truth, predicted = estimates.truth, estimates.predicted
    ends = [float(np.min([truth, predicted])), float(np.max([truth, predicted]))]
    with drawing(path, 6, 6) as figure:
        axes = figure.subplots()
        scatter(axes, truth, predicted, BLUE)
        axes.plot(ends, ends, color=MUTED, lw=1, ls="--", label="prediction = label")
        of_unit = f" ({plain(unit, 30)})" if unit else ""
        axes.set(xlabel=f"label{of_unit}", ylabel=f"prediction{of_unit}")
        axes.set_title(f"Predictions of {len(estimates):,} test records")
        axes.grid()
        axes.legend(loc="upper left")
