"""`scores`: an evaluation's figures as table rows, beside the baseline's and the champion's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from millrace.workflow.figures import LOWER_IS_BETTER

_ORDER = (
    *("accuracy", "balanced_accuracy", "macro_f1", "matthews"),
    *("precision", "recall", "f1", "average_precision", "roc_auc", "cost"),
    *("log_loss", "calibration_error"),
    *("r2", "rmse", "mae", "median_absolute_error", "mean_error"),
)

_GAIN = "_gain"


@dataclass(frozen=True)
class Score:
    """A metric on the test split, with its 95 % interval; None where it was not measured."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    champion: float | None

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller figure is the better one."""
        return self.name in LOWER_IS_BETTER


@dataclass(frozen=True)
class SliceScore:
    """The figure that all slices have, on one source's test records."""

    source: str
    rows: int
    name: str
    value: float | None
    low: float | None
    high: float | None


def scores(facts: Mapping[str, Any]) -> list[Score]:
    """Return the metrics of an evaluation's facts, the usual ones first."""
    metrics: Mapping[str, Any] = facts.get("metrics") or {}
    names = [name for name in _ORDER if name in metrics]
    names += sorted(set(metrics) - set(_ORDER))
    baseline, champion = _metrics_of(facts, "baseline"), _metrics_of(facts, "champion")
    return [
        Score(
            name=name,
            value=metrics[name].get("value"),
            low=metrics[name].get("low"),
            high=metrics[name].get("high"),
            baseline=baseline.get(name),
            champion=champion.get(name),
        )
        for name in names
    ]


def gain(facts: Mapping[str, Any]) -> tuple[str, Mapping[str, float]] | None:
    """Return the figure by which an evaluation was compared with the champion, and its gain."""
    champion: Mapping[str, Any] = facts.get("champion") or {}
    found = [(name, value) for name, value in champion.items() if name.endswith(_GAIN)]
    return next(((name.removesuffix(_GAIN), value) for name, value in found if value), None)


def slice_scores(facts: Mapping[str, Any]) -> list[SliceScore]:
    """Return the figure of all slices by source: the accuracy, or the mean absolute error."""
    slices: Mapping[str, Any] = facts.get("slices") or {}
    found = []
    for source, figures in sorted(slices.items()):
        name = "mae" if "mae" in figures else "accuracy"
        figure = figures.get(name) or {}
        low, high = figure.get("low"), figure.get("high")
        rows = figures.get("rows", 0)
        found.append(SliceScore(source, rows, name, figure.get("value"), low, high))
    return found


def _metrics_of(facts: Mapping[str, Any], role: str) -> Mapping[str, float]:
    return (facts.get(role) or {}).get("metrics") or {}
