"""`QuantityTarget`: a number is learnt, standardised, and answered in its own unit.

Mean and standard deviation, of logarithms where those are learnt, are of the training split. They
lie in ``bundle.json`` and in the graphs in double precision, so that large numbers keep their
digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import read_table
from millrace.errors import DataError
from millrace.learning.evaluation.estimates import numbers_of
from millrace.learning.predictions import values_schema, values_table
from millrace.workflow.quantity import LARGEST, Quantity
from millrace.workflow.quantity_learning import QuantityTraining

if TYPE_CHECKING:
    from millrace.learning.dataset import DatasetSplit
    from millrace.learning.evaluation.quantity_figures import QuantityFigures

Numbers = npt.NDArray[np.float64]

LARGEST_LOGARITHM = float(np.log(LARGEST))


@dataclass(frozen=True)
class QuantityTarget:
    """See `millrace.learning.target.Target`.

    Attributes:
        quantity: of the spec. offset, scale: what is learnt of a number, or of its logarithm, is
            its difference from the offset, divided by the scale.
    """

    kind: ClassVar[str] = "quantity"
    format: ClassVar[int] = 3
    output: ClassVar[str] = "value"
    answer_type: ClassVar[str] = "float64"
    expected: ClassVar[str] = "finite numbers"
    asked: ClassVar[str] = "finite numbers"
    score: ClassVar[str] = "r2"
    tie: ClassVar[str] = "mae"
    value_type: ClassVar[str] = "float32"
    default_figure: ClassVar[str] = "rmse"
    labels: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[None] = None
    units: ClassVar[int] = 1
    shape: ClassVar[tuple[int, ...]] = ()
    quantity: Quantity
    offset: float
    scale: float

    @classmethod
    def learn(cls, dataset: Artifact, params: Mapping[str, Any]) -> QuantityTarget:
        """Return the target of a dataset; raise `DataError` where all numbers are one."""
        quantity = Quantity(**params["target"])
        path = dataset.path("train.parquet")
        parts = [numbers_of(table["label"], "train split") for table in read_table(path, ["label"])]
        learnt = _transformed(quantity, np.concatenate([np.zeros(0), *parts]))
        scale = float(learnt.std()) if len(learnt) else 0.0
        if not (np.isfinite(scale) and scale > 0):
            raise DataError(
                "every training record has the same label",
                where="train split",
                expected="two different numbers at least",
                received=f"{len(learnt):,} records",
                remedy="Check which column is the label.",
            )
        return cls(quantity, float(learnt.mean()), scale)

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str) -> QuantityTarget:
        """Return the target of a ``bundle.json``."""
        try:
            said = dict(document["target"])
            offset, scale = float(said.pop("offset")), float(said.pop("scale"))
            return cls(Quantity(**said), offset, scale)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                "bundle.json is incomplete",
                where=where,
                expected="target with its offset and scale",
                received=repr(error),
            ) from error

    @staticmethod
    def training(train: Mapping[str, Any]) -> QuantityTraining:
        """Return what a spec says of training."""
        return QuantityTraining(**train)

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        learnt = {"offset": self.offset, "scale": self.scale}
        return {"labels": [], "target": {**self.quantity.model_dump(mode="json"), **learnt}}

    def values(self, column: pa.ChunkedArray, where: str) -> npt.NDArray[np.float32]:
        """Return standardised numbers."""
        return self.standardised(numbers_of(column, where)).astype(np.float32)

    def standardised(self, numbers: Numbers) -> Numbers:
        """Return what is learnt of numbers."""
        return (_transformed(self.quantity, numbers) - self.offset) / self.scale

    def answered(self, standardised: npt.NDArray[Any]) -> Numbers:
        """Return the numbers that standardised ones stand for, within the limits."""
        x = standardised.astype(np.float64) * self.scale + self.offset
        if self.quantity.transform == "log":
            x = np.exp(np.minimum(x, LARGEST_LOGARITHM))
        numbers: Numbers = np.clip(x, *self.quantity.limits)
        return numbers

    @property
    def shift(self) -> float:
        """The offset in scales. Graphs add it before they multiply: ONNX Runtime takes an
        addition of less than float32 can hold for none, and leaves it out.
        """
        return self.offset / self.scale

    def check(self, values: npt.NDArray[np.float32], where: str) -> None:
        """Raise `DataError` where all values are one."""
        if not len(values) or values.min() == values.max():
            raise DataError(
                "the baseline sees a single number",
                where=where,
                expected="records of at least two labels",
                received=f"{len(values):,} records",
                remedy="Raise baseline.rows.",
            )

    def statistics(self, values: npt.NDArray[np.float32]) -> dict[str, Any]:
        """Return quartiles of the numbers."""
        return self._quartiles(self.answered(values))

    def counted(self, split: DatasetSplit) -> dict[str, Any]:
        """Return quartiles of the numbers of a side."""
        tables = read_table(split.path, ["label"])
        parts = [numbers_of(table["label"], f"{split.name} split") for table in tables]
        return self._quartiles(np.concatenate(parts))

    def scorer(self, params: Any) -> QuantityScorer:
        """Return what adds up loss and R2, both of what is learnt."""
        return QuantityScorer(self, params.loss)

    def difference(self, answers: Numbers, others: Numbers) -> float:
        """Return the largest difference as a share of the number, or of its spread if larger; of
        logarithms that spread wide, as a share of that.
        """
        size = np.maximum(np.abs(answers), np.abs(others))
        if self.quantity.transform == "log":
            size = size * max(1.0, self.scale)
        else:
            size = np.maximum(size, self.scale)
        with np.errstate(invalid="ignore"):
            shares = np.abs(answers - others) / np.maximum(size, np.finfo(np.float64).tiny)
        return float(shares.max(initial=0))

    def sound(self, answers: Numbers) -> tuple[bool, str]:
        """Return whether answers are finite."""
        passed = bool(np.isfinite(answers).all())
        return passed, "finite numbers" if passed else "values that are no finite numbers"

    def other_than(self, other: Any) -> str | None:
        """Say why a champion's answers cannot be compared, or None."""
        if not isinstance(other, QuantityTarget):
            return "the champion tells classes"
        theirs, ours = other.quantity.unit, self.quantity.unit
        return None if theirs == ours else f"the champion answers in {theirs!r}, not in {ours!r}"

    def schema(self) -> pa.Schema:
        """Return the schema of predictions."""
        return values_schema(self.quantity.unit)

    def table(self, records: pa.Table, answers: Numbers) -> pa.Table:
        """Return the predictions of records."""
        return values_table(records, answers, self.quantity.unit)

    def figures(self, labels: Sequence[str] | None = None) -> QuantityFigures:
        """Return what judges predictions."""
        from millrace.learning.evaluation.quantity_figures import QuantityFigures

        del labels
        return QuantityFigures(self.quantity.unit)

    def summary(self) -> QuantitySummary:
        """Return what adds up predicted numbers."""
        return QuantitySummary()

    @staticmethod
    def _quartiles(numbers: Numbers) -> dict[str, Any]:
        names = ("low", "lower_quartile", "median", "upper_quartile", "high")
        found = np.quantile(numbers, [0, 0.25, 0.5, 0.75, 1]).tolist()
        return {"values": dict(zip(names, found, strict=True))}


class QuantityScorer:
    """See `millrace.learning.target.Scorer`. Errors are those of standardised values."""

    def __init__(self, target: QuantityTarget, loss: str) -> None:
        self._target, self._huber = target, loss == "huber"
        self._loss = self._squares = self._sum = self._sum_of_squares = 0.0
        self._rows = 0

    def add(self, answers: Numbers, values: npt.NDArray[np.float32]) -> None:
        """Take in some records."""
        truth = values.astype(np.float64)
        error = np.abs(self._target.standardised(answers) - truth)
        squares = error**2
        losses = np.where(error <= 1, squares / 2, error - 0.5) if self._huber else squares
        self._loss += float(losses.sum())
        self._squares += float(squares.sum())
        self._sum += float(truth.sum())
        self._sum_of_squares += float((truth**2).sum())
        self._rows += len(truth)

    def scores(self) -> tuple[float, float]:
        """Return the mean loss and R2; 0 is as good as always the mean of these records."""
        spread = self._sum_of_squares - self._sum**2 / self._rows
        r2 = 1 - self._squares / spread if spread > 0 else 0.0
        return self._loss / self._rows, r2


class QuantitySummary:
    """Adds up predicted numbers."""

    def __init__(self) -> None:
        self._ends: list[tuple[float, float]] = []

    def add(self, predictions: pa.Table) -> None:
        """Take in some predictions."""
        values = predictions["value"].to_numpy()
        if len(values):
            self._ends.append((float(values.min()), float(values.max())))

    def facts(self) -> dict[str, Any]:
        """Return the least and the largest prediction."""
        if not self._ends:
            return {"predicted": None}
        low, high = zip(*self._ends, strict=True)
        return {"predicted": {"low": min(low), "high": max(high)}}


def _transformed(quantity: Quantity, numbers: Numbers) -> Numbers:
    if quantity.transform == "none":
        return numbers
    return np.log(np.maximum(numbers, np.finfo(np.float64).tiny))
