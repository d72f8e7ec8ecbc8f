"""`log_odds`: probabilities on a scale on which what speaks for a class adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]

_LEAST = 1e-6  # probability whose odds are still told apart


def log_odds(probabilities: npt.NDArray[np.floating[Any]]) -> Scores:
    """Return the logarithm of p / (1 - p); of probabilities between a millionth and the rest."""
    p = np.clip(probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    scores: Scores = np.log(p) - np.log1p(-p)
    return scores
