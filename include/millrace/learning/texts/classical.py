"""`ClassicalText`: tf-idf of words, pairs and pieces of words, then a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.calibrated import CalibratedClassifier
from millrace.learning.dataset import Classes
from millrace.learning.texts.encoder import whole

_WORD = r"(?u)\w+(?:['’]\w+)*|[^\w\s]"
_PIECES = (2, 5)  # characters, within words
_MOST = 200_000  # features of each kind


class ClassicalText:
    """See `millrace.learning.modality.Rival`.

    Args:
        kind: ``svm``, ``logistic`` or ``naive_bayes``. classes: number of classes.
    """

    columns: Sequence[str] = ("text",)

    def __init__(self, kind: str, classes: int) -> None:
        self._model = CalibratedClassifier(lambda _: _classifier(kind), classes)
        self._features: Any = None

    def fit(self, records: pa.Table, classes: Classes) -> None:
        """Fit on texts of at least two classes."""
        self._features = _features()
        self._model.fit(self._features.fit_transform(_texts(records)), classes)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``."""
        return self._model.predict(self._features.transform(_texts(records)))


def _texts(records: pa.Table) -> list[str]:
    texts: list[str] = whole(records["text"]).to_pylist()
    return texts


def _features() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    common: dict[str, Any] = {"sublinear_tf": True, "max_features": _MOST, "dtype": np.float32}
    words = TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2), **common)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=_PIECES, **common)
    return make_union(words, pieces)


def _classifier(kind: str) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import ComplementNB
    from sklearn.svm import LinearSVC

    if kind == "svm":
        return LinearSVC(C=1.0, random_state=0)
    if kind == "logistic":
        return LogisticRegression(C=10.0, max_iter=1_000)
    return ComplementNB(alpha=0.1)
