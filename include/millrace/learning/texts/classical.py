"""`ClassicalText`: tf-idf of words, pairs and pieces of words, then a linear classifier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.calibrated import CalibratedClassifier
from millrace.learning.classes import Classes
from millrace.learning.texts.encoder import whole
from millrace.learning.texts.tfidf import TfidfEncoder


class ClassicalText:
    """See `millrace.learning.modality.ExportedRival`.

    Args:
        kind: ``svm``, ``logistic`` or ``naive_bayes``. classes: number of classes.
    """

    columns: Sequence[str] = ("text",)

    def __init__(self, kind: str, classes: int) -> None:
        self._model = CalibratedClassifier(lambda _: _classifier(kind), classes)
        self._encoder = TfidfEncoder({})

    def fit(self, records: pa.Table, classes: Classes) -> None:
        """Fit on texts of at least two classes."""
        texts = _texts(records)
        self._encoder = TfidfEncoder.fit(texts)
        self._model.fit(self._encoder.sparse(texts), classes)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``."""
        return self._model.predict(self._encoder.sparse(_texts(records)))

    def export(self, graph: Path) -> TfidfEncoder:
        """Write what was fitted as an ONNX graph of features; return what makes these."""
        from millrace.learning.export.linear_file import save_linear

        save_linear(self._model.linear(), self._encoder, graph)
        return self._encoder


def _texts(records: pa.Table) -> list[str]:
    texts: list[str] = whole(records["text"]).to_pylist()
    return texts


def _classifier(kind: str) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import ComplementNB
    from sklearn.svm import LinearSVC

    if kind == "svm":
        return LinearSVC(C=1.0, random_state=0)
    if kind == "logistic":
        return LogisticRegression(C=10.0, max_iter=1_000)
    return ComplementNB(alpha=0.1)
