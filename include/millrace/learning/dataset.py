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
from millrace.artifacts.tables import (
    Images,
    column_to_images,
    count_rows,
    image_shape,
    read_schema,
    read_table,
)
from millrace.errors import DataError

Classes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class DatasetSplit:
    """The records of one side: pictures and the index of their class.

    Attributes:
        name: train, validation or test. path: its table. labels: the classes, in order.
    """

    name: str
    path: Path
    labels: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Artifact, name: str) -> DatasetSplit:
        """Return the side `name` (train, validation, test) of a dataset artifact.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = tuple(str(label) for label in dataset.facts["labels"])
        if len(labels) < 2:
            raise DataError(
                "a classification needs at least two classes",
                where="dataset",
                expected="2 labels or more",
                received=list(labels),
                remedy="Check the sources' labels and label_map.",
            )
        return cls(name, dataset.path(f"{name}.parquet"), labels)

    @cached_property
    def rows(self) -> int:
        """Records of this side."""
        return count_rows(self.path)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)`` of every picture."""
        return image_shape(read_schema(self.path))

    @property
    def bytes(self) -> int:
        """Size of all pictures in memory."""
        return self.rows * int(np.prod(self.shape))

    def groups(self, order: Sequence[int] | None = None) -> Iterator[tuple[Images, Classes]]:
        """Yield pictures ``(rows, height, width, channels)`` and classes, a row group at a time.

        Args:
            order: indices of row groups; None is the file's order.
        """
        if order is None:
            for table in read_table(self.path, ["image", "label"]):
                yield self._arrays(table)
            return
        with pq.ParquetFile(self.path, memory_map=True) as file:
            for group in order:
                yield self._arrays(file.read_row_group(group, columns=["image", "label"]))

    def group_rows(self) -> list[int]:
        """Return the number of records of each row group."""
        metadata = pq.read_metadata(self.path)
        return [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]

    def load(self) -> tuple[Images, Classes]:
        """Return all pictures and classes."""
        images: Images = np.empty((self.rows, *self.shape), np.uint8)
        classes: Classes = np.empty(self.rows, np.int32)
        start = 0
        for pictures, indices in self.groups():
            stop = start + len(indices)
            images[start:stop], classes[start:stop] = pictures, indices
            start = stop
        return images, classes

    def class_counts(self) -> npt.NDArray[np.int64]:
        """Return the number of records of each class, in the order of `labels`."""
        counts = np.zeros(len(self.labels), np.int64)
        for table in read_table(self.path, ["label"]):
            counts += np.bincount(self._classes(table), minlength=len(self.labels))
        return counts

    def _arrays(self, table: pa.Table) -> tuple[Images, Classes]:
        return column_to_images(table["image"], self.shape), self._classes(table)

    def _classes(self, table: pa.Table) -> Classes:
        indices = pc.index_in(table["label"], pa.array(self.labels, pa.string()))
        if indices.null_count:
            unknown = table["label"].filter(pc.is_null(indices))[0].as_py()
            raise DataError(
                "a record has no label of the dataset",
                where=f"{self.name} split",
                expected=", ".join(self.labels),
                received=unknown,
            )
        return np.asarray(indices.combine_chunks(), np.int32)
