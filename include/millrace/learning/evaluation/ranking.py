"""How well scores rank the records of a positive class, over all thresholds at once.

Average precision is the sum of each threshold's precision times the recall that it gains (C. D.
Manning, P. Raghavan, H. Schuetze, "Introduction to Information Retrieval", 2008, section 8.4); the
area under the ROC curve is the chance that a positive record has a higher score than another one,
equal scores counting half (T. Fawcett, "An introduction to ROC analysis", 2006). Without a positive
record the first is 0; without records of both kinds the second is 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Taken:
    """What each threshold takes for positive, the highest threshold first.

    Attributes:
        hits: positive records among those taken, (…, thresholds). rows: all taken.
    """

    hits: Numbers
    rows: Numbers

    @classmethod
    def of(cls, hits: Numbers, rows: Numbers) -> Taken:
        """Add up what each threshold takes more than the one before, (…, thresholds)."""
        return cls(np.cumsum(hits, axis=-1), np.cumsum(rows, axis=-1))

    @property
    def average_precision(self) -> Numbers:
        """0 to 1, (…)."""
        precision = self.hits / np.maximum(self.rows, 1)
        gained = np.diff(self.hits, prepend=0)
        area: Numbers = (precision * gained).sum(axis=-1) / np.maximum(self.hits[..., -1], 1)
        return area

    @property
    def roc_auc(self) -> Numbers:
        """0 to 1, (…)."""
        below = np.diff(self.rows - self.hits, prepend=0)
        above = self.hits - np.diff(self.hits, prepend=0) / 2
        pairs = self.hits[..., -1] * (self.rows[..., -1] - self.hits[..., -1])
        area: Numbers = np.where(
            pairs > 0, (below * above).sum(axis=-1) / np.maximum(pairs, 1), 0.5
        )
        return area


class Ranking:
    """Records in the order of their scores.

    Args:
        score: of the positive class, (rows,). positive: whether it is one, (rows,).

    Attributes:
        scores: the distinct ones, falling, (thresholds,); each is a threshold (`>=`).
        place: of each record's score among them, (rows,). positive: 1.0 or 0.0, (rows,).
    """

    def __init__(self, score: Numbers, positive: npt.NDArray[np.bool_]) -> None:
        rising, place = np.unique(-score, return_inverse=True)
        self.scores = -rising
        self.place = place
        self.positive = positive.astype(np.float64)

    def taken(self) -> Taken:
        """Return what each of `scores` takes."""
        rows = np.bincount(self.place).astype(np.float64)
        hits = np.bincount(self.place, weights=self.positive).astype(np.float64)
        return Taken.of(hits, rows)
