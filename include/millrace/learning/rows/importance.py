"""`draw_importance`: which columns the answers rest on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from millrace.learning.evaluation.plots.figure import BLUE, drawing, headline, plain

_MOST = 25  # columns


def draw_importance(
    path: Path, names: Sequence[str], weights: npt.NDArray[np.float64], records: int, axis: str
) -> None:
    """Draw the columns of the largest weights as bars.

    Args:
        names: of the columns. weights: mean change of the prediction where the value is missing
            ``(columns,)``. records: over which the mean is. axis: what the weights are.
    """
    order = np.argsort(-weights, kind="stable")[:_MOST]
    with drawing(path, 7, 1.2 + 0.22 * len(order)) as figure:
        axes = figure.subplots()
        axes.barh(np.arange(len(order)), weights[order], color=BLUE, height=0.7)
        axes.set_yticks(np.arange(len(order)), [plain(names[place], 40) for place in order])
        axes.invert_yaxis()
        axes.set_xlabel(axis)
        shown = f", the first {len(order)}" if len(order) < len(names) else ""
        headline(figure, f"Columns by weight{shown} (over {records:,} test records)")
