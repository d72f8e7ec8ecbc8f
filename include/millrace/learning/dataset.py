"""`DatasetSplit`: one side of a dataset artifact, read for learning. Knows no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import count_rows, read_table, row_bytes
from millrace.errors import DataError
from millrace.learning.modality import Encoder, Inputs

Classes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class DatasetSplit:
    """The records of one side: their inputs and the index of their class.

    Attributes:
        name: train, validation or test. path: its table. labels: the classes, in order.
        encoder: makes the inputs.
    """

    name: str
    path: Path
    labels: tuple[str, ...]
    encoder: Encoder

    @classmethod
    def of(cls, dataset: Artifact, name: str, encoder: Encoder) -> DatasetSplit:
        """Return the side `name` (train, validation, test) of a dataset artifact.

        Raises:
            DataError: there are fewer than two classes.
        """
        return cls(name, dataset.path(f"{name}.parquet"), dataset_labels(dataset), encoder)

    @cached_property
    def rows(self) -> int:
        """Records of this side."""
        return count_rows(self.path)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every record's input."""
        return self.encoder.shape

    @cached_property
    def record_bytes(self) -> int:
        """Size of a record's input in memory; of Python objects about their mean."""
        size = int(np.prod(self.shape)) * np.dtype(self.encoder.dtype).itemsize
        return size + row_bytes([self.path]) if self.encoder.dtype == "object" else size

    @property
    def bytes(self) -> int:
        """Size of all inputs in memory."""
        return self.rows * self.record_bytes

    def groups(self, order: Sequence[int] | None = None) -> Iterator[tuple[Inputs, Classes]]:
        """Yield inputs ``(rows, *shape)`` and classes, a row group at a time.

        Args:
            order: indices of row groups; None is the file's order.
        """
        columns = [*self.encoder.columns, "label"]
        if order is None:
            for table in read_table(self.path, columns):
                yield self._arrays(table)
            return
        with pq.ParquetFile(self.path, memory_map=True) as file:
            for group in order:
                yield self._arrays(file.read_row_group(group, columns=columns))

    def group_rows(self) -> list[int]:
        """Return the number of records of each row group."""
        metadata = pq.read_metadata(self.path)
        return [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]

    def empty(self, rows: int) -> tuple[Inputs, Classes]:
        """Return room for the inputs and classes of so many records."""
        inputs = np.empty((rows, *self.shape), self.encoder.dtype)
        return inputs, np.empty(rows, np.int32)

    def load(self) -> tuple[Inputs, Classes]:
        """Return all inputs and classes."""
        inputs, classes = self.empty(self.rows)
        start = 0
        for some, indices in self.groups():
            stop = start + len(indices)
            inputs[start:stop], classes[start:stop] = some, indices
            start = stop
        return inputs, classes

    def class_counts(self) -> npt.NDArray[np.int64]:
        """Return the number of records of each class, in the order of `labels`."""
        counts = np.zeros(len(self.labels), np.int64)
        for table in read_table(self.path, ["label"]):
            counts += np.bincount(self._classes(table), minlength=len(self.labels))
        return counts

    def _arrays(self, table: pa.Table) -> tuple[Inputs, Classes]:
        return self.encoder(table), self._classes(table)

    def _classes(self, table: pa.Table) -> Classes:
        return class_indices(table["label"], self.labels, f"{self.name} split")


def dataset_labels(dataset: Artifact) -> tuple[str, ...]:
    """Return the classes of a dataset artifact; raise `DataError` for fewer than two."""
    labels = tuple(str(label) for label in dataset.facts["labels"])
    if len(labels) < 2:
        raise DataError(
            "a classification needs at least two classes",
            where="dataset",
            expected="2 labels or more",
            received=list(labels),
            remedy="Check the sources' labels and label_map.",
        )
    return labels


def class_indices(column: pa.ChunkedArray, labels: Sequence[str], where: str) -> Classes:
    """Return the place of each label among `labels`; raise `DataError` for one that has none."""
    indices = pc.index_in(column, pa.array(labels, pa.string()))
    if indices.null_count:
        unknown = column.filter(pc.is_null(indices))[0].as_py()
        raise DataError(
            "a record has no label of the dataset",
            where=where,
            expected=", ".join(labels),
            received=unknown,
        )
    return np.asarray(indices.combine_chunks(), np.int32)
