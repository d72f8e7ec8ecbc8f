"""`ClassicalModel`: a scikit-learn classifier of pictures, with probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.learning.dataset import Classes

_COMPONENTS = 64  # principal components that stand for larger pictures
_HELD_BACK = 0.2  # share of the records that scales an SVM's margins
_TEMPERATURES = np.geomspace(0.05, 5, 60)

Matrix = npt.NDArray[np.float32]


class ClassicalModel:
    """Pixels scaled to 0..1, their first principal components, then a classifier.

    Args:
        kind: ``svm`` (RBF kernel), ``logistic`` or ``gradient_boosting``.
        classes: number of classes.

    An SVM has margins, not probabilities. Its are the softmax of the margins divided by one
    temperature (Guo et al. 2017), chosen on a fifth of the records that the SVM does not see; it is
    then fitted again on all. Platt's method inside scikit-learn would fit it five times more.
    """

    def __init__(self, kind: str, classes: int) -> None:
        self._kind = kind
        self._classes = classes
        self._temperature = 1.0
        self._pipeline: Any = None

    def fit(self, images: Images, classes: Classes) -> ClassicalModel:
        """Fit on pictures ``(rows, height, width, channels)``; at least two classes."""
        features = _flat(images)
        if self._kind == "svm":
            self._temperature = self._fitting_temperature(features, classes)
        self._pipeline = self._fitted(features, classes)
        return self

    def predict(self, images: Images) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``; 0 for a class that was never seen."""
        seen = _probabilities(self._pipeline, _flat(images), self._temperature)
        probabilities = np.zeros((len(images), self._classes), np.float32)
        probabilities[:, self._pipeline.classes_] = seen
        return probabilities

    def _fitted(self, features: Matrix, classes: Classes) -> Any:
        from sklearn.decomposition import PCA
        from sklearn.pipeline import make_pipeline

        steps: list[Any] = [_classifier(self._kind)]
        if features.shape[1] > _COMPONENTS:
            count = min(_COMPONENTS, len(features))
            steps.insert(0, PCA(count, svd_solver="randomized", random_state=0))
        return make_pipeline(*steps).fit(features, classes)

    def _fitting_temperature(self, features: Matrix, classes: Classes) -> float:
        """Return the temperature under which records held back are most likely."""
        held = int(len(classes) * _HELD_BACK)
        if len(np.unique(classes[held:])) < 2 or not held:
            return 1.0
        model = self._fitted(features[held:], classes[held:])
        known = np.isin(classes[:held], model.classes_)
        columns = np.searchsorted(model.classes_, classes[:held][known])
        rows = np.arange(len(columns))
        losses = [
            -np.log(np.maximum(_probabilities(model, features[:held][known], t), 1e-12))[
                rows, columns
            ].sum()
            for t in _TEMPERATURES
        ]
        return float(_TEMPERATURES[int(np.argmin(losses))])


def _classifier(kind: str) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    if kind == "svm":
        return SVC(C=10.0, gamma="scale", cache_size=500)
    if kind == "logistic":
        return LogisticRegression(max_iter=1_000)
    return HistGradientBoostingClassifier(
        max_iter=40, learning_rate=0.2, max_leaf_nodes=15, early_stopping=False, random_state=0
    )


def _flat(images: Images) -> Matrix:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _probabilities(model: Any, features: Matrix, temperature: float) -> Any:
    if hasattr(model, "predict_proba"):
        return model.predict_proba(features)
    margins = model.decision_function(features)
    if margins.ndim == 1:  # two classes have one margin
        margins = np.stack([np.zeros_like(margins), margins], axis=1)
    scaled = margins / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
