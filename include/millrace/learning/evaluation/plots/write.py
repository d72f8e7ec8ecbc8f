"""`write_plots`: every plot of an evaluation. One that has no data to show is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from millrace.artifacts.artifact import Artifact
from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.metrics import confusion
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.plots.confusion import draw_confusion
from millrace.learning.evaluation.plots.curves import draw_curves
from millrace.learning.evaluation.plots.reliability import draw_reliability
from millrace.learning.evaluation.plots.samples import draw_errors, draw_quarantine, draw_samples


def write_plots(
    output: Path, outcomes: Outcomes, dataset: Artifact, history: Sequence[Mapping[str, float]]
) -> None:
    """Write the plots of an evaluation into the folder ``plots`` of `output`.

    Args:
        output: an existing folder. outcomes: on the test split, in its order.
        dataset: the artifact with the splits and the quarantine.
        history: the figures of each epoch; may be empty.
    """
    folder = output / "plots"
    folder.mkdir()
    if history:
        draw_curves(folder / "learning_curves.png", history)
    draw_confusion(folder / "confusion_matrix.png", confusion(outcomes), outcomes.labels)
    draw_reliability(folder / "reliability.png", reliability(outcomes))
    draw_errors(folder / "misclassified.png", dataset.path("test.parquet"), outcomes)
    if dataset.has("train.parquet"):
        draw_samples(folder / "samples.png", dataset.path("train.parquet"), outcomes.labels)
    if dataset.has("quarantine.parquet"):
        draw_quarantine(folder / "quarantine.png", dataset.path("quarantine.parquet"))
