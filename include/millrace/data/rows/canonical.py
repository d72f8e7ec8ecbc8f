"""`CanonicalRows`: clean records as two columns, of their numbers and of their categories."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from millrace.artifacts.tables import GROUP_BYTES
from millrace.data.rows.read import RowReader, Rows
from millrace.data.schemas import canonical
from millrace.errors import DataError

COLUMNS = "millrace.columns"
"""Key of a field's metadata: what the spec says of its columns, by name, sorted, as JSON."""

_SIZE = 16  # bytes of a value, about
_NONE = pa.array([], pa.string())


class CanonicalRows:
    """See `millrace.data.modality.Canonical`.

    The payload is ``numbers``, a list of float64 with NaN for what is missing, and ``categories``,
    a list of strings with null for it; of the columns of either kind, sorted by name.
    """

    payload: ClassVar[Sequence[str]] = ("numbers", "categories")

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self._read = RowReader(transform)
        self.schema = canonical(
            self._field("numbers", pa.float64(), self._read.numeric, nullable=False),
            self._field("categories", pa.string(), self._read.category, nullable=True),
        )
        self.records: Mapping[str, Any] = {
            "modality": "table",
            "numbers": len(self._read.numeric),
            "categories": len(self._read.category),
        }
        self.rows = max(1, GROUP_BYTES // (_SIZE * len(self._read.columns)))

    def __call__(self, clean: pa.Table) -> pa.Table:
        """Return the canonical records of clean ones."""
        rows = self._read(clean["content"], clean["encoding"])
        if rows.failures or rows.problems:
            raise DataError(
                "a clean record breaks the contract",
                received=dict(rows.failures) or list(rows.problems),
            )
        made = clean.drop_columns(["content", "encoding"])
        for name, values in (("numbers", _numbers(rows)), ("categories", _categories(rows))):
            field = self.schema.field(name)
            made = made.append_column(field, _lists(values, len(rows), field.type))
        return made

    def _field(
        self, name: str, kind: pa.DataType, columns: Sequence[str], *, nullable: bool
    ) -> pa.Field:
        """Return the field of columns; what the spec says of them goes with it."""
        listed = pa.list_(pa.field("item", kind, nullable=nullable))
        described = json.dumps({column: self._read.columns[column] for column in columns})
        return pa.field(name, listed, nullable=False, metadata={COLUMNS: described})


def _lists(values: pa.Array, rows: int, kind: pa.DataType) -> pa.Array:
    """Return values as lists of equal length."""
    ends = np.arange(rows + 1, dtype=np.int32) * (len(values) // max(rows, 1))
    return pa.ListArray.from_arrays(pa.array(ends), values, type=kind)


def _numbers(rows: Rows) -> pa.Array:
    return pa.array(np.ascontiguousarray(rows.numbers).reshape(-1))


def _categories(rows: Rows) -> pa.Array:
    """Return the categories row by row."""
    count = len(rows.categories)
    places = np.arange(len(rows) * count).reshape(count, len(rows)).T.reshape(-1)
    return pa.concat_arrays([_NONE, *rows.categories]).take(pa.array(places))
