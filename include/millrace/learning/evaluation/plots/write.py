"""`write_plots`: the plots of an evaluation that any classifier has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from millrace.learning.decision import Rule
from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.metrics import confusion
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.plots.confusion import draw_confusion
from millrace.learning.evaluation.plots.curves import draw_curves
from millrace.learning.evaluation.plots.precision_recall import draw_precision_recall
from millrace.learning.evaluation.plots.reliability import draw_reliability


def write_plots(
    folder: Path,
    outcomes: Outcomes,
    history: Sequence[Mapping[str, float]],
    rule: Rule | None = None,
) -> None:
    """Write the plots of an evaluation.

    Args:
        folder: an existing one. outcomes: on the test split, in its order.
        history: the figures of each epoch; may be empty, and then has no plot.
        rule: of the model; the curve of its positive class is drawn.
    """
    if history:
        draw_curves(folder / "learning_curves.png", history)
    draw_confusion(folder / "confusion_matrix.png", confusion(outcomes), outcomes.labels)
    draw_reliability(folder / "reliability.png", reliability(outcomes))
    if rule is not None:
        draw_precision_recall(folder / "precision_recall.png", outcomes, rule)
