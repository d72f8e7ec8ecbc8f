"""`ClassicalModel`: a scikit-learn classifier of pictures, with probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.learning.calibrated import CalibratedClassifier
from millrace.learning.classes import Classes

_COMPONENTS = 64  # principal components that stand for larger pictures

Matrix = npt.NDArray[np.float32]


class ClassicalModel:
    """Pixels scaled to 0..1, their first principal components, then a classifier.

    Args:
        kind: ``svm`` (RBF kernel), ``logistic`` or ``gradient_boosting``.
        classes: number of classes.
    """

    def __init__(self, kind: str, classes: int) -> None:
        self._model = CalibratedClassifier(lambda shape: _estimator(kind, shape), classes)

    def fit(self, images: Images, classes: Classes) -> ClassicalModel:
        """Fit on pictures ``(rows, height, width, channels)``; at least two classes."""
        self._model.fit(_flat(images), classes)
        return self

    def predict(self, images: Images) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``; 0 for a class that was never seen."""
        return self._model.predict(_flat(images))


def _estimator(kind: str, shape: tuple[int, int]) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    steps: list[Any] = [_classifier(kind)]
    rows, features = shape
    if features > _COMPONENTS:
        count = min(_COMPONENTS, rows)
        steps.insert(0, PCA(count, svd_solver="randomized", random_state=0))
    return make_pipeline(*steps)


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
