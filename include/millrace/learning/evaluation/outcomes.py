"""`Outcomes`: all that the figures need of a model's answers, a few numbers a record.

Read from Predictions tables a row group at a time; the probabilities of all classes are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.errors import DataError, shorten
from millrace.learning.decision import REVIEW, Rule


@dataclass(frozen=True)
class Outcomes:
    """What a model said of labelled records, in the table's order.

    Attributes:
        labels: the classes.
        truth, predicted: index into `labels`, int32 (rows,).
        confidence: probability of the predicted class, float64 (rows,).
        likelihood: probability of the true class, float64 (rows,).
        sources: names of the sources, sorted. source: index into `sources`, int32 (rows,).
        positive: index of the class that is looked for, or None. score: its probability, float64
            (rows,). costs: of a mistake about a record of each class, (classes,), or None.
        review: whether a person must look at it, (rows,).
    """

    labels: tuple[str, ...]
    truth: npt.NDArray[np.int32]
    predicted: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float64]
    likelihood: npt.NDArray[np.float64]
    sources: tuple[str, ...]
    source: npt.NDArray[np.int32]
    review: npt.NDArray[np.bool_]
    positive: int | None = None
    score: npt.NDArray[np.float64] | None = None
    costs: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether the prediction is the label, (rows,)."""
        return np.equal(self.truth, self.predicted)

    def where(self, mask: npt.NDArray[np.bool_]) -> Outcomes:
        """Return the outcomes of the records that `mask` (rows,) chooses."""
        names = ("truth", "predicted", "confidence", "likelihood", "source", "review")
        part = {name: getattr(self, name)[mask] for name in names}
        return replace(self, **part, score=None if self.score is None else self.score[mask])


def outcomes_of(
    predictions: Iterable[pa.Table], labels: Sequence[str], where: str, rule: Rule | None = None
) -> Outcomes:
    """Reduce Predictions tables of labelled records to outcomes.

    Args:
        predictions: tables of the Predictions schema.
        labels: the classes, in the order of the probabilities.
        where: names the table in errors.
        rule: tells the positive class and the costs; it decides nothing here, so that models
            with rules of their own are compared by one.

    Raises:
        DataError: there is no record, or a label or prediction is none of `labels`.
    """
    positive = None if rule is None else labels.index(rule.positive)
    parts = [_reduce(table, labels, where, positive) for table in predictions if table.num_rows]
    if not parts:
        raise DataError(
            "there is no record to evaluate on",
            where=where,
            remedy="Give `split.test` a larger share, or mark a source `split: test`.",
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    names, source = np.unique(joined.pop("source"), return_inverse=True)
    return Outcomes(
        labels=tuple(labels),
        sources=tuple(str(name) for name in names),
        source=source.astype(np.int32),
        positive=positive,
        costs=_costs(rule, labels),
        **joined,
    )


def _costs(rule: Rule | None, labels: Sequence[str]) -> npt.NDArray[np.float64] | None:
    if rule is None or rule.costs is None:
        return None
    return np.array([rule.costs[label] for label in labels], np.float64)


def _reduce(
    table: pa.Table, labels: Sequence[str], where: str, positive: int | None
) -> dict[str, npt.NDArray[Any]]:
    truth = _indexes(table, "label", labels, where)
    rows = np.arange(len(truth))
    lists = table["probabilities"].combine_chunks()
    probabilities = lists.flatten().to_numpy().reshape(-1, len(labels))
    score = {} if positive is None else {"score": probabilities[:, positive].astype(np.float64)}
    return score | {
        "truth": truth,
        "predicted": _indexes(table, "predicted", labels, where),
        "confidence": table["probability"].to_numpy().astype(np.float64),
        "likelihood": probabilities[rows, truth].astype(np.float64),
        "source": table["source"].to_numpy().astype(np.str_),
        "review": table[REVIEW].to_numpy(),
    }


def _indexes(
    table: pa.Table, column: str, labels: Sequence[str], where: str
) -> npt.NDArray[np.int32]:
    found = pc.index_in(table[column], value_set=pa.array(labels, pa.string()))
    unknown = pc.is_null(found)
    if pc.any(unknown).as_py():
        row = table.filter(unknown).slice(0, 1)
        raise DataError(
            f"a {column} is none of the model's",
            where=f"{where}, record {row['record_id'][0].as_py()}",
            expected=shorten(", ".join(labels)),
            received=row[column][0].as_py(),
            remedy="Train on data with the same labels as the test records.",
        )
    indexes: npt.NDArray[np.int32] = found.to_numpy().astype(np.int32)
    return indexes
