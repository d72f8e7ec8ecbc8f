"""`QuantityFigures`: what judges predicted numbers.

R2 is the share of the labels' variance that predictions explain: 1 is without an error, 0 as good
as always the mean of these records. Of a constant label it is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.evaluation.bootstrap import Interval, draws, percentiles
from millrace.learning.evaluation.estimates import Estimates, estimates_of

Numbers = npt.NDArray[np.float64]

_WORST = 10  # records of the report


@dataclass(frozen=True)
class QuantityFigures:
    """See `millrace.learning.evaluation.figures.Figures`.

    Attributes:
        unit: of the numbers, in words.
    """

    unit: str = ""

    def outcomes(self, predictions: Iterable[pa.Table], where: str) -> Estimates:
        """Reduce Predictions tables of labelled records to estimates."""
        return estimates_of(predictions, where)

    def overall(self, outcomes: Estimates) -> dict[str, float]:
        """Return R2, and in the target's unit the mean absolute error, the root of the mean squared
        error, the median absolute error and the mean error.
        """
        found = _figures(outcomes.truth, outcomes.predicted)
        return {name: float(value) for name, value in found.items()}

    def intervals(self, outcomes: Estimates, replicates: int, seed: int) -> dict[str, Interval]:
        """Return the 95 % interval of every figure."""
        parts = list(_resampled(outcomes, replicates, seed))
        return {
            name: percentiles(np.concatenate([part[name] for part in parts])) for name in parts[0]
        }

    def difference(
        self, challenger: Estimates, champion: Estimates, replicates: int, seed: int, by: str
    ) -> Interval:
        """Return the 95 % interval of the challenger's figure less the champion's, by record."""
        pairs = zip(
            _resampled(challenger, replicates, seed),
            _resampled(champion, replicates, seed),
            strict=True,
        )
        return percentiles(np.concatenate([ours[by] - theirs[by] for ours, theirs in pairs]))

    def slices(self, outcomes: Estimates, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
        """Return rows and figures by source; the mean absolute error with its interval."""
        found: dict[str, dict[str, Any]] = {}
        for index, name in enumerate(outcomes.sources):
            part = outcomes.where(outcomes.source == index)
            figures: dict[str, Any] = dict(self.overall(part))
            low, high = self.intervals(part, replicates, seed)["mae"]
            figures["mae"] = {"value": figures["mae"], "low": low, "high": high}
            found[name] = {"rows": len(part), **figures}
        return found

    def facts(self, outcomes: Estimates) -> dict[str, Any]:
        """Return the unit."""
        del outcomes
        return {"unit": self.unit}

    def details(self, outcomes: Estimates) -> dict[str, Any]:
        """Return the distribution of errors, and the places of the worst records."""
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        errors = np.quantile(outcomes.errors, shares).tolist()
        return {
            "error_quantiles": {f"{share:g}": e for share, e in zip(shares, errors, strict=True)},
            "worst": [
                {
                    "row": row,
                    "label": float(outcomes.truth[row]),
                    "value": float(outcomes.predicted[row]),
                }
                for row in worst(outcomes, _WORST)
            ],
        }

    def plots(
        self, folder: Path, outcomes: Estimates, history: Sequence[Mapping[str, float]]
    ) -> None:
        """Write the plots of an evaluation."""
        from millrace.learning.evaluation.plots.curves import draw_curves
        from millrace.learning.evaluation.plots.predicted import draw_predicted
        from millrace.learning.evaluation.plots.residuals import draw_residuals

        if history:
            draw_curves(folder / "learning_curves.png", history, ("loss", "r2"))
        draw_predicted(folder / "predicted.png", outcomes, self.unit)
        draw_residuals(folder / "residuals.png", outcomes, self.unit)


def worst(outcomes: Estimates, count: int) -> list[int]:
    """Return the rows of the largest errors, the largest first."""
    order: list[int] = np.argsort(-np.abs(outcomes.errors), kind="stable")[:count].tolist()
    return order


def _resampled(
    outcomes: Estimates, replicates: int, seed: int
) -> Iterator[Mapping[str, npt.NDArray[np.float64]]]:
    for draw in draws(len(outcomes), replicates, seed):
        yield _figures(outcomes.truth[draw], outcomes.predicted[draw])


def _figures(truth: Numbers, predicted: Numbers) -> dict[str, Numbers]:
    """Return each figure of records along the last axis, (…)."""
    errors = predicted - truth
    size, squares = np.abs(errors), errors**2
    spread = ((truth - truth.mean(axis=-1, keepdims=True)) ** 2).sum(axis=-1)
    unexplained = squares.sum(axis=-1) / np.where(spread > 0, spread, 1)
    return {
        "r2": np.where(spread > 0, 1 - unexplained, 0.0),
        "mae": size.mean(axis=-1),
        "rmse": np.sqrt(squares.mean(axis=-1)),
        "median_absolute_error": np.median(size, axis=-1),
        "mean_error": errors.mean(axis=-1),
    }
