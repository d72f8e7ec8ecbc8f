"""The confusion matrix. Right answers and errors have colours of their own, so that both show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.plots.figure import INK, drawing, headline, plain

_LEGIBLE = 26  # classes whose counts can be read
_FEW = 4  # classes among which a 0 is worth its place


def draw_confusion(path: Path, matrix: npt.NDArray[np.int64], labels: Sequence[str]) -> None:
    """Draw how often each true class (row) was taken for each class (column)."""
    classes = len(labels)
    side = min(14.0, max(5.0, 1.8 + 0.52 * classes))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(classes, dtype=bool)
    with drawing(path, side, side) as figure:
        axes = figure.subplots()
        errors = np.ma.masked_array(shares, right)
        worst = max(float(errors.max()) if classes > 1 else 0.0, 1e-9)
        axes.imshow(np.ma.masked_array(shares, ~right), cmap="Blues", vmin=0, vmax=1.25)
        axes.imshow(errors, cmap="Oranges", vmin=0, vmax=1.25 * worst)
        _name_axes(axes, labels)
        if classes <= _LEGIBLE:
            _count(axes, matrix, shares, worst)
        wrong = int(matrix.sum() - np.trace(matrix))
        headline(figure, f"{wrong:,} of {matrix.sum():,} records taken for another class")


def _name_axes(axes: Any, labels: Sequence[str]) -> None:
    step = max(1, len(labels) // 40)
    ticks = range(0, len(labels), step)
    names = [plain(labels[tick], 16) for tick in ticks]
    upright = max(map(len, names)) > 3
    axes.set_xticks(ticks, names, rotation=90 if upright else 0)
    axes.set_yticks(ticks, names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)


def _count(
    axes: Any, matrix: npt.NDArray[np.int64], shares: npt.NDArray[np.float64], worst: float
) -> None:
    for (row, column), count in np.ndenumerate(matrix):
        if count or len(matrix) <= _FEW:
            depth = shares[row, column] / (1 if row == column else worst)
            colour = "white" if depth > 0.7 else INK
            size = 9 if count < 10_000 else 7
            axes.text(column, row, f"{count}", ha="center", va="center", color=colour, size=size)
