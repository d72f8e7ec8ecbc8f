"""`ClassTarget`: one of some classes is learnt, and their probabilities are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.errors import DataError
from millrace.learning.classes import class_indices, dataset_labels
from millrace.learning.decision import Rule
from millrace.learning.predictions import predictions_schema, predictions_table
from millrace.workflow.learning import Training

if TYPE_CHECKING:
    from millrace.learning.dataset import DatasetSplit
    from millrace.learning.evaluation.class_figures import ClassFigures

Classes = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float32]

_SMALLEST = 1e-12  # probability whose logarithm is still taken
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ClassTarget:
    """See `millrace.learning.target.Target`.

    Attributes:
        labels: the classes, in the order of the probabilities.
        rule: decides between two classes; None where the most probable class is predicted.
    """

    kind: ClassVar[str] = "classes"
    format: ClassVar[int] = 2
    output: ClassVar[str] = "probabilities"
    answer_type: ClassVar[str] = "float32"
    expected: ClassVar[str] = "probabilities from 0 to 1"
    asked: ClassVar[str] = "probabilities that sum to 1"
    score: ClassVar[str] = "accuracy"
    tie: ClassVar[str] = "log_loss"
    value_type: ClassVar[str] = "int32"
    default_figure: ClassVar[str] = "accuracy"
    labels: tuple[str, ...]
    rule: Rule | None = None

    @property
    def units(self) -> int:
        """One logit a class."""
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the probabilities of a record."""
        return (len(self.labels),)

    @classmethod
    def learn(cls, dataset: Artifact, params: Mapping[str, Any]) -> ClassTarget:
        """Return the classes of a dataset; raise `DataError` for fewer than two."""
        del params
        return cls(dataset_labels(dataset))

    @classmethod
    def of(cls, document: Mapping[str, Any], where: str) -> ClassTarget:
        """Return the target of a ``bundle.json``."""
        labels = _labels(document, where)
        return cls(labels, Rule.of(document, labels, where))

    @staticmethod
    def training(train: Mapping[str, Any]) -> Training:
        """Return what a spec says of training."""
        return Training(**train)

    def to_document(self) -> dict[str, Any]:
        """Return the classes as JSON values."""
        return {"labels": list(self.labels)}

    def values(self, column: pa.ChunkedArray, where: str) -> Classes:
        """Return the place of each label among the classes."""
        return class_indices(column, self.labels, where)

    def check(self, values: Classes, where: str) -> None:
        """Raise `DataError` where there are fewer than two classes."""
        found = np.unique(values)
        if len(found) < 2:
            raise DataError(
                "the baseline sees fewer than two classes",
                where=where,
                expected="records of at least two classes",
                received=[self.labels[index] for index in found],
                remedy="Raise baseline.rows, add records of other classes, or check label_map.",
            )

    def statistics(self, values: Classes) -> dict[str, Any]:
        """Return the records of each class."""
        return self._counts(np.bincount(values, minlength=len(self.labels)))

    def counted(self, split: DatasetSplit) -> dict[str, Any]:
        """Return the records of each class of a side."""
        return self._counts(split.class_counts())

    def scorer(self, params: Training) -> ClassScorer:
        """Return what adds up cross-entropy and accuracy."""
        del params
        return ClassScorer()

    def difference(self, answers: Probabilities, others: Probabilities) -> float:
        """Return the largest difference of a probability."""
        return float(np.abs(answers - others).max(initial=0))

    def sound(self, answers: Probabilities) -> tuple[bool, str]:
        """Return whether probabilities sum to 1."""
        passed = bool(np.all(np.abs(answers.sum(axis=1) - 1) <= _SUM_TOLERANCE))
        return passed, "probabilities that sum to 1" if passed else "values that do not sum to 1"

    def other_than(self, other: Any) -> str | None:
        """Say why a champion's answers cannot be compared, or None."""
        same = sorted(other.labels) == sorted(self.labels)
        return None if same else "the champion knows other labels"

    def schema(self) -> pa.Schema:
        """Return the schema of predictions."""
        return predictions_schema(self.labels)

    def table(self, records: pa.Table, answers: Probabilities) -> pa.Table:
        """Return the predictions of records."""
        return predictions_table(records, answers, self.labels, self.rule)

    def figures(self, labels: Sequence[str] | None = None) -> ClassFigures:
        """Return what judges predictions."""
        from millrace.learning.evaluation.class_figures import ClassFigures

        return ClassFigures(tuple(self.labels if labels is None else labels), self.rule)

    def summary(self) -> ClassSummary:
        """Return what counts the predicted classes."""
        return ClassSummary(self.labels)

    def _counts(self, counts: npt.NDArray[np.integer]) -> dict[str, Any]:
        return {"class_counts": dict(zip(self.labels, counts.tolist(), strict=True))}


class ClassScorer:
    """See `millrace.learning.target.Scorer`."""

    def __init__(self) -> None:
        self._loss, self._correct, self._rows = 0.0, 0, 0

    def add(self, answers: Probabilities, values: Classes) -> None:
        """Take in some records."""
        probabilities = answers.astype(np.float64)
        chosen = probabilities[np.arange(len(values)), values]
        self._loss -= float(np.log(np.maximum(chosen, _SMALLEST)).sum())
        self._correct += int((probabilities.argmax(1) == values).sum())
        self._rows += len(values)

    def scores(self) -> tuple[float, float]:
        """Return the mean cross-entropy (nats) and the accuracy."""
        return self._loss / self._rows, self._correct / self._rows


class ClassSummary:
    """Counts predicted classes."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = labels
        self._counts: Counter[str] = Counter()

    def add(self, predictions: pa.Table) -> None:
        """Take in some predictions."""
        self._counts.update(predictions["predicted"].to_pylist())

    def facts(self) -> dict[str, Any]:
        """Return how often each class was predicted."""
        return {"predicted": {label: self._counts[label] for label in self._labels}}


def _labels(document: Mapping[str, Any], where: str) -> tuple[str, ...]:
    try:
        labels = tuple(str(label) for label in document["labels"])
    except (KeyError, TypeError) as error:
        raise DataError(
            "bundle.json is incomplete", where=where, expected="labels", received=repr(error)
        ) from error
    if not labels or len(set(labels)) != len(labels):
        raise DataError("a bundle's labels must be unique", where=where, received=labels)
    return labels
