"""The classes of a dataset, and the place of each label among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.artifact import Artifact
from millrace.errors import DataError

Classes = npt.NDArray[np.int32]


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
