"""The figures that models are compared by, and which way each of them is better."""

from __future__ import annotations

LOWER_IS_BETTER = frozenset(
    {"mae", "rmse", "median_absolute_error", "cost", "log_loss", "calibration_error"}
)
_OF_A_UNIT = frozenset({"mae", "rmse", "median_absolute_error"})


SHOWN = ("accuracy", "f1", "r2", "rmse", "mae")
"""Figures that a line about a model shows, of those that it has."""

TITLES = {
    "accuracy": "Accuracy",
    "f1": "F1",
    "average_precision": "Average precision",
    "matthews": "Matthews correlation",
    "r2": "R2",
    "rmse": "RMSE",
    "mae": "MAE",
}
"""In words, at the start of a line."""

_FURTHER = {"roc_auc": "Area under ROC curve", "macro_f1": "Macro F1"}


def titled(name: str) -> str:
    """Return the name of any figure in words, at the start of a line."""
    known = TITLES | _FURTHER
    return known.get(name) or name.replace("_", " ").capitalize()


def written_figure(value: float) -> str:
    """Return a figure with four decimals, or six digits where it is a large one."""
    return f"{value:.4f}" if abs(value) < 1_000 else f"{value:.6g}"


def better_by(name: str, value: float, other: float) -> float:
    """Return by how much `value` of a figure is better than `other`; below 0, worse."""
    return other - value if name in LOWER_IS_BETTER else value - other


def drop(name: str, value: float, champion: float) -> float:
    """Return how much worse a figure is than the champion's; below 0, better.

    Of figures that have a unit it is a share of the champion's, else the difference. Against a
    champion without an error, every error is a drop of 1.
    """
    lost = better_by(name, champion, value)
    if name not in _OF_A_UNIT:
        return lost
    return lost / champion if champion > 0 else float(lost > 0)
