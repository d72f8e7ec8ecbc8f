"""`RegressedRows`: features of records, then a scikit-learn regression, which can be a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.rows.classical import CATEGORIES, PARALLEL, kinds_of, with_places
from millrace.learning.rows.encoder import RowEncoder
from millrace.learning.rows.learn import learn_columns
from millrace.learning.rows.numbers import Scaling
from millrace.learning.target_quantity import QuantityTarget
from millrace.workflow.table_models import Features as Asked

_HELD_BACK = 0.2  # share of the records that chooses the penalty
_PENALTIES = np.geomspace(1e-3, 1e3, 13)

Values = npt.NDArray[np.float32]


class RegressedRows:
    """See `millrace.learning.modality.ExportedRival`, and `ClassicalRows` for the inputs.

    The penalty of ridge regression is chosen on a fifth of the records that it does not see; it is
    then fitted again on all.

    Args:
        kind: ``gradient_boosting`` or ``ridge``. target: what is learnt.
    """

    columns: ClassVar[Sequence[str]] = RowEncoder.columns

    def __init__(self, kind: str, target: QuantityTarget) -> None:
        self._trees = kind == "gradient_boosting"
        self._target = target
        self._encoder = RowEncoder(Scaling.of([]), ())
        self._model: Any = None

    def fit(self, records: pa.Table, values: Values) -> None:
        """Fit on standardised numbers."""
        from threadpoolctl import threadpool_limits

        kinds = kinds_of(records.schema, "keep" if self._trees else "median")
        asked = Asked(vocabulary=CATEGORIES)
        self._encoder = learn_columns(lambda: [records], kinds, asked, empty=True).encoder
        inputs = self._inputs(records)
        with threadpool_limits(1 if records.num_rows < PARALLEL else None):
            self._model = _trees(inputs, values) if self._trees else _ridge(inputs, values)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float64]:
        """Return numbers in their unit ``(rows,)``."""
        return self._target.answered(self._model.predict(self._inputs(records)))

    def export(self, graph: Path) -> RowEncoder:
        """Write what was fitted as an ONNX graph of features; return what makes these."""
        from millrace.learning.rows.regression_file import save_ridge, save_tree_values

        save = save_tree_values if self._trees else save_ridge
        save(self._model, self._encoder, self._target, graph)
        return self._encoder

    def _inputs(self, records: pa.Table) -> Any:
        """Return what the estimator takes ``(rows, inputs)``."""
        features = self._encoder(records)
        return features if self._trees else with_places(features, self._encoder)


def _trees(inputs: Any, values: Values) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(early_stopping=False, random_state=0).fit(inputs, values)


def _ridge(inputs: Any, values: Values) -> Any:
    from sklearn.linear_model import Ridge

    truth = values.astype(np.float64)
    held = int(len(truth) * _HELD_BACK)
    penalty = 1.0
    if held:
        fitted = [(a, Ridge(alpha=a).fit(inputs[held:], truth[held:])) for a in _PENALTIES]
        errors = [((m.predict(inputs[:held]) - truth[:held]) ** 2).mean() for _, m in fitted]
        penalty = float(fitted[int(np.argmin(errors))][0])
    return Ridge(alpha=penalty).fit(inputs, truth)
