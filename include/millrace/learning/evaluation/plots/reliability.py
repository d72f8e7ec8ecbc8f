"""The reliability diagram: how often the model is right at each confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import StrMethodFormatter

from millrace.learning.evaluation.calibration import BINS, Reliability
from millrace.learning.evaluation.plots.figure import GRID, LIGHT_BLUE, MUTED, ORANGE, drawing


def draw_reliability(path: Path, reliability: Reliability) -> None:
    """Draw accuracy over confidence, and below it the number of records in each bin."""
    with drawing(path, 6.4, 7) as figure:
        above, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        _draw_accuracy(above, reliability)
        _draw_rows(below, reliability)
        figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _draw_accuracy(axes: Any, reliability: Reliability) -> None:
    filled = reliability.rows > 0
    left = (np.arange(BINS) / BINS)[filled]
    width = 0.92 / BINS
    accuracy, confidence = reliability.accuracy[filled], reliability.confidence[filled]
    axes.bar(left, accuracy, width, align="edge", color=LIGHT_BLUE, label="accuracy")
    axes.hlines(confidence, left, left + width, color=ORANGE, lw=2.5, label="mean confidence")
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", label="perfectly calibrated")
    axes.set(title=f"Expected calibration error {reliability.error:.4f}", ylabel="accuracy")
    axes.set(xlim=(0, 1), ylim=(0, 1.02))


def _draw_rows(axes: Any, reliability: Reliability) -> None:
    filled = reliability.rows > 0
    left, rows = (np.arange(BINS) / BINS)[filled], reliability.rows[filled]
    bars = axes.bar(left, rows, 0.92 / BINS, align="edge", color=GRID, edgecolor=MUTED)
    axes.bar_label(bars, [f"{count:,}" for count in rows], size=6.5, padding=2)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, 5 * max(10, int(rows.max())))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set(xlabel="confidence of the prediction", ylabel="records (log)")
