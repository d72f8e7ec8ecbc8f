"""The precision-recall curve of the positive class, with the point that the threshold chooses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from millrace.learning.decision import Rule
from millrace.learning.evaluation.metrics import overall
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.plots.figure import BLUE, MUTED, ORANGE, drawing, plain
from millrace.learning.evaluation.ranking import Ranking


def draw_precision_recall(path: Path, outcomes: Outcomes, rule: Rule) -> None:
    """Draw precision over recall for all thresholds; without positive records, the point alone.

    Args:
        path: of the PNG file. outcomes: with the score of the positive class. rule: of the model.
    """
    figures = overall(outcomes)
    recall, precision = _curve(outcomes)
    share = float(np.mean(outcomes.truth == outcomes.positive))
    point = figures["recall"], figures["precision"]
    chosen = f"threshold {rule.threshold:.4g}: precision {point[1]:.4f}, recall {point[0]:.4f}"
    with drawing(path, 6.4, 5.6) as figure:
        axes = figure.subplots()
        axes.step(recall, precision, where="pre", color=BLUE, label="all thresholds")
        axes.axhline(share, color=MUTED, lw=1, ls="--", label="guessing")
        axes.plot(*point, "o", color=ORANGE, ms=9, label=chosen, zorder=3)
        axes.set(xlim=(-0.02, 1.02), ylim=(0, 1.03))
        axes.set(xlabel=f"recall of {plain(rule.positive, 40)}", ylabel="precision")
        axes.set_title(f"Average precision {figures['average_precision']:.4f}")
        axes.grid()
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)


def _curve(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """Return recall and precision of each threshold, the highest first, from recall 0 on."""
    if outcomes.score is None:
        return np.zeros(0), np.zeros(0)
    taken = Ranking(outcomes.score, outcomes.truth == outcomes.positive).taken()
    precision = taken.hits / np.maximum(taken.rows, 1)
    recall = taken.hits / max(float(taken.hits[-1]), 1.0)
    return np.append(0, recall), np.append(precision[0], precision)
