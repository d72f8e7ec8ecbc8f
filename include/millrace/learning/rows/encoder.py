"""`RowEncoder`: canonical records of tables as features. What it learnt is in its document."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.errors import DataError, SpecError
from millrace.learning.rows.categories import Places
from millrace.learning.rows.numbers import Scaling

MOST_PLACES = 1 << 24
"""Places of categories of all columns, at most: float32 tells no more numbers apart."""

Features = npt.NDArray[np.float32]


class RowEncoder:
    """See `millrace.learning.modality.Encoder`.

    A record's features are its scaled numbers, then the place of each of its categories in one
    table for all columns.

    Args:
        scaling: of the numeric columns. places: the category columns.

    Attributes:
        starts: the first place of each category column, which is its unknown one.
        total: places of all category columns.

    Raises:
        SpecError: there are more than `MOST_PLACES`.
    """

    columns: ClassVar[Sequence[str]] = ("numbers", "categories")
    name = "features"
    dtype = "float32"

    def __init__(self, scaling: Scaling, places: Sequence[Places]) -> None:
        self.scaling = scaling
        self.places = tuple(places)
        ends = list(accumulate((len(column) for column in self.places), initial=0))
        self.starts, self.total = ends[:-1], ends[-1]
        self.shape: tuple[int, ...] = (len(scaling.names) + len(self.places),)
        self._names = {
            "numbers": list(scaling.names),
            "categories": [column.name for column in self.places],
        }
        if self.total > MOST_PLACES:
            raise SpecError(
                "the categories of all columns together are too many",
                where="model.features.vocabulary",
                expected=f"at most {MOST_PLACES:,}",
                received=f"{self.total:,}",
            )

    def check(self, schema: pa.Schema) -> None:
        """Raise `DataError` where records of `schema` have other columns."""
        found = {name: list(columns_of(schema, name)) for name in self.columns}
        if found != self._names:
            raise DataError(
                "records do not fit the model",
                expected=f"canonical records with {_said(self._names)}",
                received=_said(found),
                remedy="Transform the records as the model's training set was transformed.",
            )

    def __call__(self, records: pa.Table) -> Features:
        """Return the features ``(rows, columns)`` float32."""
        self.check(records.schema)
        made = np.empty((records.num_rows, *self.shape), np.float32)
        count = len(self.scaling.names)
        made[:, :count] = self.scaling(numbers_of(records))
        columns = zip(self.places, self.starts, categories_of(records), strict=True)
        for place, (column, start, texts) in enumerate(columns, count):
            made[:, place] = column(texts) + start
        return made

    def to_document(self) -> dict[str, Any]:
        """Return name, shape, type, and what every column became."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "dtype": self.dtype,
            "numbers": self.scaling.to_document(),
            "categories": [column.to_document() for column in self.places],
        }


def row_encoder(document: Mapping[str, Any]) -> RowEncoder:
    """Return the encoder of a document."""
    places = [Places.of(column) for column in document["categories"]]
    return RowEncoder(Scaling.of(document["numbers"]), places)


def numbers_of(records: pa.Table) -> npt.NDArray[np.float64]:
    """Return the numbers of canonical records ``(rows, columns)``, NaN being missing."""
    found: npt.NDArray[np.float64] = _values(records["numbers"]).to_numpy()
    return found.reshape(records.num_rows, len(columns_of(records.schema, "numbers")))


def categories_of(records: pa.Table) -> list[pa.Array]:
    """Return the categories of canonical records, an array a column, null being missing."""
    count = len(columns_of(records.schema, "categories"))
    values = _values(records["categories"])
    rows = np.arange(records.num_rows) * count
    return [values.take(pa.array(rows + place)) for place in range(count)]


def _values(column: pa.ChunkedArray) -> pa.Array:
    kind = column.type.value_type
    return pa.concat_arrays([pa.array([], kind), *(chunk.flatten() for chunk in column.chunks)])


def columns_of(schema: pa.Schema, payload: str) -> dict[str, dict[str, Any]]:
    """Return what the spec says of the columns in ``numbers`` or ``categories``, by name, sorted.

    Raises:
        DataError: records of `schema` are not canonical ones.
    """
    place = schema.get_field_index(payload)
    metadata = {} if place < 0 else schema.field(place).metadata or {}
    if b"millrace.columns" not in metadata:
        raise DataError(
            "not a table of canonical records of tables",
            expected="columns `numbers` and `categories`, with the names of theirs",
            received=", ".join(schema.names),
        )
    columns: dict[str, dict[str, Any]] = json.loads(metadata[b"millrace.columns"])
    return columns


def _said(names: Mapping[str, Sequence[str]]) -> str:
    said = " and ".join(f"{len(columns)} {name}" for name, columns in names.items())
    return f"{said}: {', '.join(name for columns in names.values() for name in columns)}"
