"""`ClassicalRows`: features of records, then a scikit-learn classifier, which can be a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.classes import Classes
from millrace.learning.rows.encoder import Features, RowEncoder, columns_of
from millrace.learning.rows.learn import learn_columns
from millrace.learning.rows.numbers import Scaling
from millrace.workflow.table_models import Features as Asked

CATEGORIES = 250  # of a column that are told apart, the most frequent
PARALLEL = 50_000  # records from which threads that wait for each other pay


class ClassicalRows:
    """See `millrace.learning.modality.ExportedRival`.

    Gradient boosting takes what is missing as it is, and categories by the order of their
    frequency. For logistic regression medians stand in place of missing numbers, and categories
    are features of 0 and 1.

    Args:
        kind: ``gradient_boosting`` or ``logistic``. classes: number of classes.
    """

    columns: ClassVar[Sequence[str]] = RowEncoder.columns

    def __init__(self, kind: str, classes: int) -> None:
        self._trees = kind == "gradient_boosting"
        self._classes = classes
        self._encoder = RowEncoder(Scaling.of([]), ())
        self._model: Any = None

    def fit(self, records: pa.Table, classes: Classes) -> None:
        """Fit on records of at least two classes."""
        from threadpoolctl import threadpool_limits

        kinds = kinds_of(records.schema, "keep" if self._trees else "median")
        asked = Asked(vocabulary=CATEGORIES)
        self._encoder = learn_columns(lambda: [records], kinds, asked, empty=True).encoder
        with threadpool_limits(1 if records.num_rows < PARALLEL else None):
            self._model = _estimator(trees=self._trees).fit(self._inputs(records), classes)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``; 0 for a class that was never seen."""
        answers = np.zeros((records.num_rows, self._classes), np.float32)
        answers[:, self._model.classes_] = self._model.predict_proba(self._inputs(records))
        return answers

    def export(self, graph: Path) -> RowEncoder:
        """Write what was fitted as an ONNX graph of features; return what makes these."""
        from millrace.learning.rows.rival_file import save_logistic, save_trees

        save = save_trees if self._trees else save_logistic
        save(self._model, self._encoder, self._classes, graph)
        return self._encoder

    def _inputs(self, records: pa.Table) -> Any:
        """Return what the estimator takes ``(rows, inputs)``."""
        features = self._encoder(records)
        return features if self._trees else with_places(features, self._encoder)


def kinds_of(schema: pa.Schema, missing: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what a baseline makes of the columns of records; `missing` is for numbers."""
    numbers = {"kind": "numeric", "missing": missing}
    categories = {"kind": "category", "missing": "unknown", "places": None}
    return dict.fromkeys(columns_of(schema, "numbers"), numbers) | dict.fromkeys(
        columns_of(schema, "categories"), categories
    )


def with_places(features: Features, encoder: RowEncoder) -> Any:
    """Return numbers, and a feature of 0 or 1 for every place of a category."""
    from scipy import sparse

    rows, count = len(features), len(encoder.scaling.names)
    places = features[:, count:].astype(np.int64)
    starts = np.arange(rows + 1) * places.shape[1]
    ones = np.ones(places.size)
    taken = sparse.csr_array((ones, places.reshape(-1), starts), shape=(rows, encoder.total))
    return sparse.hstack(
        [sparse.csr_array(features[:, :count].astype(np.float64)), taken], format="csr"
    )


def _estimator(*, trees: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    if not trees:
        return LogisticRegression(max_iter=1_000)
    return HistGradientBoostingClassifier(early_stopping=False, random_state=0)
