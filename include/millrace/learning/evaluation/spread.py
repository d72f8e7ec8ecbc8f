"""`spread_of`: the mean and the spread of figures over folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

Figures = Mapping[str, float]


def spread_of(folds: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """Return ``mean``, ``spread`` (the standard deviation over folds, of a sample), ``low`` and
    ``high`` of every figure that all folds have.

    Args:
        folds: the figures of each, two at least.
    """
    names = [name for name in folds[0] if all(name in one for one in folds)]
    found = {}
    for name in names:
        values = [one[name] for one in folds]
        found[name] = {
            "mean": fmean(values),
            "spread": stdev(values),
            "low": min(values),
            "high": max(values),
        }
    return found


def written(spread: Mapping[str, float]) -> str:
    """Return e.g. ``0.981 ± 0.012``."""
    return f"{spread['mean']:.3f} ± {spread['spread']:.3f}"
