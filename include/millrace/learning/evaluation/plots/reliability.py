"""The reliability diagram: how often the model is right at each confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from millrace.learning.evaluation.calibration import BINS, Reliability
from millrace.learning.evaluation.plots.figure import BLUE, GRID, MUTED, ORANGE, drawing


def draw_reliability(path: Path, reliability: Reliability) -> None:
    """Draw accuracy over confidence, and below it the number of records in each bin."""
    with drawing(path, 6.4, 7) as figure:
        above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        _draw_accuracy(above, reliability)
        _draw_rows(below, reliability)


def _draw_accuracy(axes: Any, reliability: Reliability) -> None:
    filled = reliability.rows > 0
    middles = (np.arange(BINS) + 0.5) / BINS
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", label="confidence = accuracy", zorder=3)
    axes.bar(
        middles[filled],
        reliability.accuracy[filled],
        width=0.92 / BINS,
        color=BLUE,
        label="accuracy of the bin",
    )
    axes.scatter(
        reliability.confidence[filled],
        reliability.confidence[filled],
        color=ORANGE,
        s=24,
        zorder=4,
        label="mean confidence of the bin",
    )
    axes.set(title=f"Expected calibration error {reliability.error:.4f}", ylabel="accuracy")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper left")


def _draw_rows(axes: Any, reliability: Reliability) -> None:
    middles = (np.arange(BINS) + 0.5) / BINS
    axes.bar(middles, reliability.rows, width=0.92 / BINS, color=GRID, edgecolor=MUTED, lw=0.5)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, 4 * max(10, int(reliability.rows.max())))
    for middle, rows in zip(middles, reliability.rows, strict=True):
        if rows:
            axes.annotate(
                f"{rows:,}",
                (middle, rows),
                (0, 2),
                textcoords="offset points",
                ha="center",
                size=7 if rows < 10_000 else 5.5,
            )
    axes.set(xlabel="confidence of the prediction", ylabel="records")
