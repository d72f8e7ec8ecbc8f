"""`ClassicalRows`: numbers and categories, then a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.calibrated import CalibratedClassifier
from millrace.learning.dataset import Classes
from millrace.learning.rows.encoder import categories_of, numbers_of

_CATEGORIES = 250  # of a column, at most, the most frequent; gradient boosting takes no more
_LARGEST = 1e30  # float32 holds its square no more, and trees need no larger one
_PARALLEL = 50_000  # records from which threads that wait for each other pay
_MISSING = "\x00missing"
_NONE: Any = None


class ClassicalRows:
    """See `millrace.learning.modality.Rival`.

    Gradient boosting takes what is missing as it is. For logistic regression medians stand in place
    of missing numbers, numbers are standardised, and categories are columns of 0 and 1.

    Args:
        kind: ``gradient_boosting`` or ``logistic``. classes: number of classes.
    """

    columns: ClassVar[Sequence[str]] = ("numbers", "categories")

    def __init__(self, kind: str, classes: int) -> None:
        self._kind = kind
        self._model = CalibratedClassifier(lambda _: _classifier(kind), classes)
        self._names: Any = None
        self._numbers: Any = None
        self._empty: npt.NDArray[np.bool_] = np.zeros(0, bool)

    def fit(self, records: pa.Table, classes: Classes) -> None:
        """Fit on records of at least two classes."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        self._empty = np.asarray(np.isnan(numbers_of(records)).all(axis=0))
        self._numbers = _of_numbers(self._kind).fit(self._known_numbers(records))
        self._names = _of_names(self._kind).fit(_names(records))
        features = self._features(records)
        with threadpool_limits(1 if records.num_rows < _PARALLEL else None):
            self._model.fit(features, classes)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``."""
        return self._model.predict(self._features(records))

    def _features(self, records: pa.Table) -> Any:
        numbers = self._numbers.transform(self._known_numbers(records))
        names = self._names.transform(_names(records))
        if isinstance(names, np.ndarray):
            return np.hstack([numbers, names])
        from scipy import sparse

        return sparse.hstack([sparse.csr_array(numbers), names], format="csr")

    def _known_numbers(self, records: pa.Table) -> npt.NDArray[np.float64]:
        """Return numbers, zeros in columns that had none, and a column of zeros so that one is."""
        found = np.clip(numbers_of(records), -_LARGEST, _LARGEST)
        found[:, self._empty] = 0
        return np.hstack([found, np.zeros((len(found), 1))])


def _names(records: pa.Table) -> npt.NDArray[np.object_]:
    """Return categories ``(rows, columns)``, and a column that is always equal."""
    found = [texts.to_numpy(zero_copy_only=False) for texts in categories_of(records)]
    made = np.full((records.num_rows, len(found) + 1), "", object)
    for place, texts in enumerate(found):
        made[:, place] = np.where(texts == _NONE, _MISSING, texts)
    return made


def _of_numbers(kind: str) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    if kind == "gradient_boosting":
        return FunctionTransformer()
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def _of_names(kind: str) -> Any:
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if kind == "gradient_boosting":
        return OrdinalEncoder(
            max_categories=_CATEGORIES, handle_unknown="use_encoded_value", unknown_value=np.nan
        )
    return OneHotEncoder(max_categories=_CATEGORIES, handle_unknown="ignore", dtype=np.float32)


def _classifier(kind: str) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    if kind == "logistic":
        return LogisticRegression(max_iter=1_000)
    return HistGradientBoostingClassifier(early_stopping=False, random_state=0)
