"""`DatasetSplit`: one side of a dataset artifact, read for learning. Knows no framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import count_rows, read_table, row_bytes
from millrace.learning.classes import Classes, class_indices, dataset_labels
from millrace.learning.modality import Encoder, Inputs
from millrace.learning.target import Target, Values
from millrace.learning.target_classes import ClassTarget


@dataclass(frozen=True)
class DatasetSplit:
    """The records of one side: their inputs and what is learnt of them.

    Attributes:
        name: train, validation or test. path: its table. labels: the classes, in order.
        encoder: makes the inputs. learns: the target; the classes by default.
    """

    name: str
    path: Path
    labels: tuple[str, ...]
    encoder: Encoder
    learns: Target | None = None

    @classmethod
    def of(
        cls, dataset: Artifact, name: str, encoder: Encoder, learns: Target | None = None
    ) -> DatasetSplit:
        """Return the side `name` (train, validation, test) of a dataset artifact.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = dataset_labels(dataset) if learns is None else learns.labels
        return cls(name, dataset.path(f"{name}.parquet"), labels, encoder, learns)

    @cached_property
    def target(self) -> Target:
        """What is learnt of the records."""
        return ClassTarget(self.labels) if self.learns is None else self.learns

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

    def groups(self, order: Sequence[int] | None = None) -> Iterator[tuple[Inputs, Values]]:
        """Yield inputs ``(rows, *shape)`` and values ``(rows,)``, a row group at a time.

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

    def empty(self, rows: int) -> tuple[Inputs, Values]:
        """Return room for the inputs and values of so many records."""
        inputs = np.empty((rows, *self.shape), self.encoder.dtype)
        return inputs, np.empty(rows, self.target.value_type)

    def load(self) -> tuple[Inputs, Values]:
        """Return all inputs and values."""
        inputs, values = self.empty(self.rows)
        start = 0
        for some, more in self.groups():
            stop = start + len(more)
            inputs[start:stop], values[start:stop] = some, more
            start = stop
        return inputs, values

    def class_counts(self) -> npt.NDArray[np.int64]:
        """Return the number of records of each class, in the order of `labels`."""
        counts = np.zeros(len(self.labels), np.int64)
        for table in read_table(self.path, ["label"]):
            counts += np.bincount(self._classes(table), minlength=len(self.labels))
        return counts

    def _arrays(self, table: pa.Table) -> tuple[Inputs, Values]:
        values = self.target.values(table["label"], f"{self.name} split")
        return self.encoder(table), values

    def _classes(self, table: pa.Table) -> Classes:
        return class_indices(table["label"], self.labels, f"{self.name} split")
