"""`RowExaminer`: reads the records of RAW tables, and looks at them. Judging is `rules`'s."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import sliced
from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.rows.read import RowReader, Rows, read_record
from millrace.data.rows.rules import refuse_rows
from millrace.errors import DataError, shorten

_ROWS = 2_048  # of a batch, at most
_BYTES = 16 << 20  # of JSON of a batch, about, unless a single record has more
_NAMED = 5


@dataclass(frozen=True)
class SeenRows:
    """See `millrace.data.modality.Examined`."""

    raw: pa.Table
    rows: Rows
    reader: RowReader
    labelled: bool

    def refuse(self, refusals: Refusals, rules: Mapping[str, Any]) -> None:
        """Refuse what breaks the contract of the columns."""
        del rules
        refuse_rows(refusals, self.reader, self.rows, labelled=self.labelled)

    def apply_rules(
        self, refusals: Refusals, labels: Sequence[str | None], paths: Sequence[str]
    ) -> None:
        """Apply the user's own rules; what they receive: see the package."""
        frame = _frame(self.reader, self.rows)
        refuse_by_rules(refusals, [(np.arange(len(self.rows)), frame)], labels, paths)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the digests of the values in the spec's columns."""
        return digests(self.rows)

    def columns(self) -> Mapping[str, pa.Array]:
        """Return how many fields are ignored; the records stay as they are."""
        return {"ignored_fields": pa.array(self.rows.ignored)}


class RowExaminer:
    """See `millrace.data.modality.Examiner`.

    Args:
        params: of the clean stage.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._reader = RowReader(params)
        self._labelled: bool = params.get("labelled", True)
        self._absent = set(self._reader.columns)
        self._read = 0
        self._last: pa.Table | None = None

    def batches(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables in parts; the last is known as such when it is looked at."""
        before: pa.Table | None = None
        for table in tables:
            for part in sliced(table, _fitting(table)):
                if before is not None:
                    yield before
                before = part
        if before is not None:
            self._last = before
            yield before

    def __call__(self, raw: pa.Table) -> SeenRows:
        """Read the records of a table.

        Raises:
            DataError: it is the last, and none of all records had some column.
        """
        rows = self._reader(raw["content"], raw["encoding"])
        self._absent -= rows.seen
        self._read += len(rows) - len(rows.failures)
        if raw is self._last and self._absent and self._read:
            raise self._disappeared(raw)
        return SeenRows(raw, rows, self._reader, self._labelled)

    def _disappeared(self, raw: pa.Table) -> DataError:
        others = [name for name in _fields(raw) if name not in self._reader.columns]
        return DataError(
            "columns of the spec are in no record",
            where=f"source {raw['source'][0]}",
            expected=_named(sorted(self._absent)),
            received=f"{self._read:,} records without; other fields: {_named(others) or 'none'}",
            remedy="See whether they were renamed at the source, or take them out of "
            "transform.columns.",
        )


def digests(rows: Rows) -> npt.NDArray[np.bytes_]:
    """Return the BLAKE2b-16 of each row's values; zeros where there is no record."""
    numbers = np.where(np.isnan(rows.numbers), np.nan, rows.numbers + 0.0)  # one NaN, one zero
    names = zip(*(texts.to_pylist() for texts in rows.categories), strict=True)
    said = [json.dumps(row).encode() for row in names] or [b""] * len(rows)
    found = [
        blake2b(row.tobytes() + texts, digest_size=16).digest()
        for row, texts in zip(numbers, said, strict=True)
    ]
    made = np.array(found, "S16")
    made[list(rows.failures)] = b""
    return made


def _fields(raw: pa.Table) -> list[str]:
    """Return the fields of the first record that can be read."""
    pairs = zip(raw["content"].to_pylist(), raw["encoding"].to_pylist(), strict=True)
    for content, encoding in pairs:
        with suppress(ValueError):
            return list(read_record(content, encoding))
    return []


def _named(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - _NAMED} more" if len(columns) > _NAMED else ""
    return ", ".join(shorten(repr(name), 60) for name in columns[:_NAMED]) + more


def _fitting(table: pa.Table) -> int:
    """Return how many rows of a table are read at once."""
    longest = pc.max(pc.binary_length(table["content"])).as_py() or 1
    return max(1, min(_ROWS, _BYTES // longest))


def _frame(reader: RowReader, rows: Rows) -> Any:
    """Return the records as a pandas DataFrame."""
    import pandas as pd

    frame = pd.DataFrame(rows.numbers, columns=reader.numeric)
    texts = {
        name: pd.Series(found.to_pylist(), dtype=object)
        for name, found in zip(reader.category, rows.categories, strict=True)
    }
    return pd.concat([frame, pd.DataFrame(texts)], axis=1)[sorted(reader.columns)]
