"""The figures that follow from three counts a class: records of it, taken for it, and rightly so.

A class that is neither has no part in macro F1, one without a record none in balanced accuracy, as
in scikit-learn; a ratio without a denominator is 0. The Matthews correlation is that of J.
Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Records by class, (…, classes).

    Attributes:
        hits: of the class and taken for it. truth: of the class. predicted: taken for it.
    """

    hits: Numbers
    truth: Numbers
    predicted: Numbers

    def figures(
        self, positive: int | None = None, costs: Numbers | None = None
    ) -> dict[str, Numbers]:
        """Return the figures, each (…).

        Args:
            positive: index of a class whose precision, recall and F1 are wanted too.
            costs: of a mistake about a record of each class, (classes,); their mean is wanted too.
        """
        either = self.truth + self.predicted
        f1 = _ratio(2 * self.hits, either)
        found = {
            "accuracy": _ratio(self.hits.sum(axis=-1), self.truth.sum(axis=-1)),
            "balanced_accuracy": _mean(_ratio(self.hits, self.truth), self.truth > 0),
            "macro_f1": _mean(f1, either > 0),
            "matthews": self._matthews(),
        }
        if positive is not None:
            found["precision"] = _ratio(self.hits, self.predicted)[..., positive]
            found["recall"] = _ratio(self.hits, self.truth)[..., positive]
            found["f1"] = f1[..., positive]
        if costs is not None:
            found["cost"] = _ratio((self.truth - self.hits) @ costs, self.truth.sum(axis=-1))
        return found

    def _matthews(self) -> Numbers:
        rows = self.truth.sum(axis=-1)
        covariance = rows * self.hits.sum(axis=-1) - (self.truth * self.predicted).sum(axis=-1)
        spread = [rows**2 - (side**2).sum(axis=-1) for side in (self.truth, self.predicted)]
        return _ratio(covariance, np.sqrt(spread[0] * spread[1]))


def count(
    truth: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer], classes: int
) -> Counts:
    """Return the counts of records (rows,) by their class and the predicted one, (classes,)."""
    hits, *sides = (
        np.bincount(places, minlength=classes).astype(np.float64)
        for places in (truth[truth == predicted], truth, predicted)
    )
    return Counts(hits, *sides)


def _ratio(above: Numbers, below: Numbers) -> Numbers:
    ratio: Numbers = np.where(below > 0, above / np.where(below > 0, below, 1), 0.0)
    return ratio


def _mean(values: Numbers, counted: npt.NDArray[np.bool_]) -> Numbers:
    return _ratio((values * counted).sum(axis=-1), counted.sum(axis=-1).astype(np.float64))
