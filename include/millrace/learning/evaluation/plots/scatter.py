"""`scatter`: points of records, at most so many that a page can show."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_MOST = 5_000  # points
_FEW = 300

Numbers = npt.NDArray[np.float64]


def scatter(axes: Any, x: Numbers, y: Numbers, colour: str) -> None:
    """Draw points of ``(rows,)`` numbers; of many, an even choice, and paler."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST)).astype(np.int64))
    alpha = 0.7 if len(chosen) <= _FEW else 0.25
    axes.scatter(x[chosen], y[chosen], s=14, color=colour, alpha=alpha, linewidths=0)
