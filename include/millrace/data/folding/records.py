"""`Known`: what the folds of a data set are made from: its records' ids, classes and groups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import read_table
from millrace.data.integration.records import Hashes
from millrace.errors import DataError


@dataclass(frozen=True)
class Known:
    """The records of a data set, in its order: test, validation, train.

    Attributes:
        ids: of the records. labels: the classes that occur, sorted.
        classes: indices into `labels`, (rows,). groups: hash of what must not be torn, (rows,).
    """

    ids: pa.Array
    labels: tuple[str, ...]
    classes: npt.NDArray[np.int64]
    groups: Hashes

    @classmethod
    def read(cls, path: Path) -> Known:
        """Read ``facts.parquet`` of a data set; raise `DataError` where a label is missing."""
        table = pa.concat_tables(read_table(path, ["record_id", "label", "group"]))
        table = table.combine_chunks()
        labels, missing = table["label"], table["label"].null_count
        if missing or not table.num_rows:
            raise DataError(
                "folds need the label of every record",
                where="evaluation.folds",
                expected="records with labels",
                received=f"{missing:,} of {table.num_rows:,} without one",
                remedy="Give labels, or take `evaluation` out of the workflow.",
            )
        names = sorted(pc.unique(labels).to_pylist())
        classes = pc.index_in(labels, pa.array(names)).to_numpy().astype(np.int64)
        ids = table["record_id"].chunk(0)
        return cls(ids, tuple(names), classes, table["group"].to_numpy().astype(np.uint64))

    def groups_of_classes(self) -> dict[str, int]:
        """Return the number of groups that have each class."""
        pairs = np.unique(np.stack([self.classes.astype(np.uint64), self.groups]), axis=1)
        counts = np.bincount(pairs[0].astype(np.int64), minlength=len(self.labels))
        return dict(zip(self.labels, counts.tolist(), strict=True))
