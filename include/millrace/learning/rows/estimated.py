"""Which records the sheets show where numbers are predicted: the worst, some of all, and refused
ones; and what columns weigh.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from millrace.artifacts.artifact import Artifact
from millrace.learning.bundle import Bundle
from millrace.learning.evaluation.estimates import Estimates
from millrace.learning.evaluation.quantity_figures import worst
from millrace.learning.rows.leave_out import Weights, leave_out_values
from millrace.learning.rows.samples import Rows, Sheets, draw_refused_sheet
from millrace.learning.target_quantity import QuantityTarget

_WORST, _SAMPLES = 24, 12
_COLOURS = "Orange values raise the prediction, blue ones lower it (taking them for missing)."


def draw_estimated_rows(
    folder: Path, estimates: Estimates, dataset: Artifact, bundle: Artifact
) -> None:
    """Draw ``worst``, ``samples``, ``importance``, ``unusual``, and ``quarantine`` where it
    exists.
    """
    opened = Bundle.open(bundle)
    sheets = _EstimatedSheets(opened, estimates, dataset.path("test.parquet"))
    wrong = worst(estimates, min(_WORST, sheets.most))
    title = f"The {len(wrong)} largest errors of {len(estimates):,} test records"
    sheets.draw(folder / "worst.png", title, wrong, _COLOURS)
    order = np.argsort(estimates.truth, kind="stable")
    places = np.linspace(0, len(order) - 1, min(_SAMPLES, len(order), sheets.most))
    spread = order[np.unique(np.round(places).astype(np.int64))].tolist()
    title = "Test records from the least to the largest label"
    sheets.draw(folder / "samples.png", title, spread, _COLOURS)
    unit = _of_unit(opened)
    sheets.draw_importance(
        folder / "importance.png",
        f"mean change of the prediction{unit}, the value taken for missing",
    )
    sheets.draw_unusual(folder / "unusual.png", dataset.path("train.parquet"))
    if dataset.has("quarantine.parquet"):
        draw_refused_sheet(folder / "quarantine.png", dataset.path("quarantine.parquet"))


class _EstimatedSheets(Sheets):
    def __init__(self, bundle: Bundle, estimates: Estimates, test: Path) -> None:
        super().__init__(bundle, len(estimates), test)
        self._estimates = estimates

    def weights(self, rows: Rows) -> Weights:
        """Return what a prediction loses where a value is missing ``(rows, columns)``."""
        return leave_out_values(self.bundle.predict, self.encoder, self.features(rows))

    def answer(self, row: int) -> str:
        """Return the prediction and the truth."""
        said, truth = self._estimates.predicted[row], self._estimates.truth[row]
        return f"{said:.4g}, truly {truth:.4g}"


def _of_unit(bundle: Bundle) -> str:
    target = bundle.target
    unit = target.quantity.unit if isinstance(target, QuantityTarget) else ""
    return f" in {unit}" if unit else ""
