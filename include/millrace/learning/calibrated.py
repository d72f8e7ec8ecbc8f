"""`CalibratedClassifier`: a scikit-learn classifier whose margins become probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_HELD_BACK = 0.2  # share of the records that scales margins
_TEMPERATURES = np.geomspace(0.05, 5, 60)

Classes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Linear:
    """Probabilities are the softmax of ``features @ weights + bias``.

    Attributes:
        weights: ``(features, seen)`` float64. bias: ``(seen,)``.
        classes: that were seen, indices ``(seen,)``; others have probability 0.
        count: of all classes.
    """

    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    classes: Classes
    count: int


class CalibratedClassifier:
    """Of features, dense or sparse ``(rows, features)``.

    Args:
        make: returns a new estimator for features of that shape.
        classes: number of classes.

    Margins, which an SVM has instead of probabilities, are divided by one temperature before their
    softmax (Guo et al. 2017). It is chosen on a fifth of the records that the estimator does not
    see; the estimator is then fitted again on all. Platt's method inside scikit-learn would fit it
    five times more.
    """

    def __init__(self, make: Callable[[tuple[int, int]], Any], classes: int) -> None:
        self._make = make
        self._classes = classes
        self._temperature = 1.0
        self._model: Any = None

    def fit(self, features: Any, classes: Classes) -> None:
        """Fit on records of at least two classes."""
        if not hasattr(self._make(features.shape), "predict_proba"):
            self._temperature = self._fitting_temperature(features, classes)
        self._model = self._fitted(features, classes)

    def predict(self, features: Any) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``; 0 for a class that was never seen."""
        probabilities = np.zeros((features.shape[0], self._classes), np.float32)
        probabilities[:, self._model.classes_] = _probabilities(
            self._model, features, self._temperature
        )
        return probabilities

    def linear(self) -> Linear:
        """Return what a linear estimator has learnt, its temperature included."""
        weights, bias = _weights(self._model)
        scale = self._temperature
        return Linear(weights / scale, bias / scale, self._model.classes_, self._classes)

    def _fitted(self, features: Any, classes: Classes) -> Any:
        return self._make(features.shape).fit(features, classes)

    def _fitting_temperature(self, features: Any, classes: Classes) -> float:
        """Return the temperature under which records held back are most likely."""
        held = int(len(classes) * _HELD_BACK)
        if len(np.unique(classes[held:])) < 2 or not held:
            return 1.0
        model = self._fitted(features[held:], classes[held:])
        known = np.flatnonzero(np.isin(classes[:held], model.classes_))
        columns = np.searchsorted(model.classes_, classes[known])
        rows = np.arange(len(columns))
        losses = [
            -np.log(np.maximum(_probabilities(model, features[known], t), 1e-12))[
                rows, columns
            ].sum()
            for t in _TEMPERATURES
        ]
        return float(_TEMPERATURES[int(np.argmin(losses))])


def _weights(model: Any) -> tuple[Any, Any]:
    if hasattr(model, "feature_log_prob_"):  # naive Bayes
        weights = model.feature_log_prob_.T
        return weights, np.zeros(weights.shape[1])
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:  # two classes have one margin
        return np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])
    return weights, bias


def _probabilities(model: Any, features: Any, temperature: float) -> Any:
    if hasattr(model, "predict_proba"):
        return model.predict_proba(features)
    margins = model.decision_function(features)
    if margins.ndim == 1:  # two classes have one margin
        margins = np.stack([np.zeros_like(margins), margins], axis=1)
    scaled = margins / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
