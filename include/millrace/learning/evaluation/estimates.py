"""`Estimates`: predicted numbers beside the true ones, all that the figures need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.errors import DataError
from millrace.workflow.quantity import number_of

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimates:
    """What a model said of labelled records, in the table's order.

    Attributes:
        truth, predicted: in the target's unit (rows,).
        sources: names of the sources, sorted. source: index into `sources`, int32 (rows,).
    """

    truth: Numbers
    predicted: Numbers
    sources: tuple[str, ...]
    source: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def errors(self) -> Numbers:
        """Prediction less truth (rows,)."""
        return self.predicted - self.truth

    def where(self, mask: npt.NDArray[np.bool_]) -> Estimates:
        """Return the estimates of the records that `mask` (rows,) chooses."""
        parts = {name: getattr(self, name)[mask] for name in ("truth", "predicted", "source")}
        return replace(self, **parts)


def estimates_of(predictions: Iterable[pa.Table], where: str) -> Estimates:
    """Reduce Predictions tables of labelled records to estimates.

    Raises:
        DataError: there is no record, or a label is no number.
    """
    parts = [table for table in predictions if table.num_rows]
    if not parts:
        raise DataError(
            "there is no record to evaluate on",
            where=where,
            remedy="Give `split.test` a larger share, or mark a source `split: test`.",
        )
    truth = np.concatenate([numbers_of(table["label"], where) for table in parts])
    predicted = np.concatenate([table["value"].to_numpy() for table in parts])
    named = np.concatenate([table["source"].to_numpy().astype(np.str_) for table in parts])
    names, source = np.unique(named, return_inverse=True)
    sources = tuple(str(name) for name in names)
    return Estimates(truth, predicted.astype(np.float64), sources, source.astype(np.int32))


def numbers_of(column: pa.ChunkedArray, where: str) -> Numbers:
    """Return the numbers that labels stand for; raise `DataError` for one that is none."""
    texts = column.to_pylist()
    found = [None if text is None else number_of(text) for text in texts]
    if None in found:
        raise DataError(
            "a record has no number for its label",
            where=where,
            expected="a finite number",
            received=texts[found.index(None)],
        )
    return np.array(found, np.float64)
