"""Values of a Parquet file's columns as Arrow and NumPy hold them: files, and lists as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def contents(column: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Return picture files as a binary column, and why rows have none."""
    column = storage(column)
    if not pa.types.is_struct(column.type):
        return column.cast(pa.binary()), {}
    data = pc.struct_field(column, "bytes").cast(pa.binary())
    if column.type.get_field_index("path") < 0:
        return data, {}
    paths = pc.struct_field(column, "path")
    named = pc.and_(pc.is_null(data), pc.is_valid(paths)).to_numpy(zero_copy_only=False)
    said = "names the file {:.80} and does not hold it"
    return data, {n: said.format(str(paths[n].as_py())) for n in np.flatnonzero(named).tolist()}


def numbers(column: pa.Array) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return all numbers of a column of lists, and how many each row has; nulls become NaN."""
    column = storage(column)
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)
    inner = storage(column.flatten())
    if not hasattr(inner, "flatten"):
        return inner.to_numpy(zero_copy_only=False), lengths
    values, counts = numbers(inner)
    ends = np.concatenate([[0], np.cumsum(counts)])
    return values, np.diff(ends[np.concatenate([[0], np.cumsum(lengths)])])


def storage(column: pa.Array) -> pa.Array:
    """Return the plain array behind an extension type."""
    return column.storage if isinstance(column, pa.ExtensionArray) else column
