"""`RowReader`: records of tables as columns of numbers and of categories. Judges no limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.encoding import BYTES, ROW, UNREADABLE
from millrace.data.rows.categories import to_categories
from millrace.data.rows.numbers import Problem, to_numbers

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Rows:
    """What records hold in the columns of a spec.

    Attributes:
        numbers: ``(rows, numeric columns)`` float64, NaN where there is no number.
        categories: `pa.string()` of each category column, null where there is none.
        failures: why a row is no record.
        problems: what is wrong with values, by column.
        seen: columns that at least one record has. ignored: other fields of each row, int32.
    """

    numbers: npt.NDArray[np.float64]
    categories: Sequence[pa.Array]
    failures: Mapping[int, str]
    problems: Mapping[str, list[Problem]]
    seen: frozenset[str]
    ignored: npt.NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)


class RowReader:
    """Reads records of tables.

    Args:
        transform: values of `millrace.workflow.tables.TableTransform`.

    Attributes:
        columns: of the transform. numeric, category: names of both kinds, sorted.
    """

    def __init__(self, transform: Mapping[str, Any]) -> None:
        self.columns: Mapping[str, Mapping[str, Any]] = transform["columns"]
        self._missing = frozenset(transform.get("missing_words", ()))
        names = sorted(self.columns)
        self.numeric = [name for name in names if self.columns[name]["kind"] == "numeric"]
        self.category = [name for name in names if self.columns[name]["kind"] == "category"]

    def __call__(self, content: pa.ChunkedArray, encoding: pa.ChunkedArray) -> Rows:
        """Read the records of the columns `content` and `encoding`."""
        failures: dict[int, str] = {}
        records: list[Record] = []
        pairs = zip(content.to_pylist(), encoding.to_pylist(), strict=True)
        for row, (data, kind) in enumerate(pairs):
            try:
                records.append(read_record(data, kind))
            except ValueError as error:
                failures[row] = str(error)
                records.append({})
        return self._rows(records, failures)

    def _rows(self, records: Sequence[Record], failures: Mapping[int, str]) -> Rows:
        problems: dict[str, list[Problem]] = {}
        numbers = np.empty((len(records), len(self.numeric)), np.float64)
        for place, name in enumerate(self.numeric):
            values = [record.get(name) for record in records]
            numbers[:, place], problems[name] = to_numbers(values, self._missing)
        categories = []
        for name in self.category:
            found, problems[name] = to_categories(
                [record.get(name) for record in records], self._missing
            )
            categories.append(found)
        return Rows(
            numbers=numbers,
            categories=categories,
            failures=failures,
            problems={name: found for name, found in problems.items() if found},
            seen=frozenset(name for name in self.columns if any(name in r for r in records)),
            ignored=np.array([len(r.keys() - self.columns.keys()) for r in records], np.int32),
        )


def read_record(data: bytes | None, encoding: str) -> Record:
    """Return the fields of a record; raise `ValueError` that says why it is none."""
    if encoding.startswith(UNREADABLE):
        raise ValueError(encoding.removeprefix(UNREADABLE))
    if data is None:
        raise ValueError("no content")
    if encoding == BYTES:
        raise ValueError("characters of an unknown encoding")
    if encoding != ROW:
        raise ValueError(f"no record of a table but {encoding.partition(';')[0]!r}")
    try:
        record = json.loads(data)
        if b"\\u" in data:
            json.dumps(record, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from error
    if not isinstance(record, dict):
        raise ValueError("JSON, but no object")  # noqa: TRY004 (of the data, not of the code)
    return record
