"""`ClassFigures`: what judges predicted classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.learning.decision import Rule
from millrace.learning.evaluation import metrics
from millrace.learning.evaluation.bootstrap import Interval, difference_interval, intervals
from millrace.learning.evaluation.calibration import reliability
from millrace.learning.evaluation.outcomes import Outcomes, outcomes_of
from millrace.learning.evaluation.plots.write import write_plots
from millrace.learning.evaluation.review import review
from millrace.learning.evaluation.slices import slices


@dataclass(frozen=True)
class ClassFigures:
    """See `millrace.learning.evaluation.figures.Figures`.

    Attributes:
        labels: the classes, in the order of the probabilities. rule: of the model.
    """

    labels: tuple[str, ...]
    rule: Rule | None = None

    def outcomes(self, predictions: Iterable[pa.Table], where: str) -> Outcomes:
        """Reduce Predictions tables of labelled records to outcomes."""
        return outcomes_of(predictions, self.labels, where, self.rule)

    def overall(self, outcomes: Outcomes) -> dict[str, float]:
        """Return the figures by name."""
        return metrics.overall(outcomes)

    def intervals(self, outcomes: Outcomes, replicates: int, seed: int) -> dict[str, Interval]:
        """Return the 95 % interval of every figure."""
        return intervals(outcomes, replicates, seed)

    def difference(
        self, challenger: Outcomes, champion: Outcomes, replicates: int, seed: int, by: str
    ) -> Interval:
        """Return the 95 % interval of the challenger's figure less the champion's."""
        return difference_interval(challenger, champion, replicates, seed, by)

    def slices(self, outcomes: Outcomes, replicates: int, seed: int) -> dict[str, dict[str, Any]]:
        """Return rows and figures by source."""
        return slices(outcomes, replicates, seed)

    def facts(self, outcomes: Outcomes) -> dict[str, Any]:
        """Return what mistakes cost in all, by true class (row) and predicted class (column), and
        what is left to a person.
        """
        left = {"review": review(outcomes, self.rule)}
        if outcomes.costs is None:
            return {"costs": None, **left}
        table = metrics.cost_table(metrics.confusion(outcomes), outcomes.costs)
        return {"costs": {"labels": list(outcomes.labels), "table": table.tolist()}, **left}

    def details(self, outcomes: Outcomes) -> dict[str, Any]:
        """Return the figures of classes, who was taken for whom, and how sure answers are."""
        bins = reliability(outcomes)
        return {
            "classes": metrics.per_class(outcomes),
            "confusion": metrics.confusion(outcomes).tolist(),
            "calibration": {
                "rows": bins.rows.tolist(),
                "accuracy": bins.accuracy.tolist(),
                "confidence": bins.confidence.tolist(),
            },
        }

    def plots(
        self, folder: Path, outcomes: Outcomes, history: Sequence[Mapping[str, float]]
    ) -> None:
        """Write the plots of an evaluation."""
        write_plots(folder, outcomes, history, self.rule)
