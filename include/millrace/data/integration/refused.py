"""The quarantine and the duplicates of a data set: those of cleaning, and integration's own.

Both are ordered by record id, and say what they would say had the sources never been cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import read_table, write_table
from millrace.data.integration.ordered import OrderedRows
from millrace.data.integration.rows import Rows, read_all
from millrace.data.integration.verdicts import Verdicts
from millrace.data.schemas import DUPLICATES, QUARANTINE

Tables = Iterator[pa.Table]


@dataclass(frozen=True)
class Cleaned:
    """The files of clean artifacts, by what they hold."""

    records: Sequence[Path]
    quarantine: Sequence[Path]
    duplicates: Sequence[Path]


class Refused:
    """Everything that does not enter the data set.

    Args:
        rows: the records that cleaning accepted.
        verdicts: what integration decided of them.
        cleaned: the clean artifacts' files.
    """

    def __init__(self, rows: Rows, verdicts: Verdicts, cleaned: Cleaned) -> None:
        self._rows = rows
        self._verdicts = verdicts
        self._cleaned = cleaned
        self._reasons = verdicts.refusals.reasons()
        self._details = verdicts.refusals.details()

    def write_quarantine(self, path: Path, scratch: Path) -> int:
        """Write the refused records, ordered by id; return their number."""
        return _write_ordered(path, QUARANTINE, self._quarantine, scratch)

    def write_duplicates(self, path: Path, scratch: Path) -> int:
        """Write the duplicates, ordered by id; return their number."""
        return _write_ordered(path, DUPLICATES, self._duplicates, scratch)

    def _quarantine(self) -> Tables:
        for table in read_all(self._cleaned.quarantine):
            yield self._with_details(table)
        refused = self._rows.ids.filter(self._reasons.is_valid())
        if len(refused):
            for table in self._accepted_once(refused):
                yield _chosen(self._judged(table, table["record_id"]), QUARANTINE)
            yield from self._copies_of_refused(refused)

    def _with_details(self, table: pa.Table) -> pa.Table:
        """Return a quarantine table in which conflicts know the labels of all their equals."""
        known = self._verdicts.conflicts
        if not known:
            return table
        pairs = zip(table["record_id"].to_pylist(), table["detail"].to_pylist(), strict=True)
        details = pa.array([known.get(name, detail) for name, detail in pairs], pa.string())
        return table.set_column(table.column_names.index("detail"), "detail", details)

    def _accepted_once(self, ids: pa.Array) -> Tables:
        """Yield the clean tables' rows with one of the ids."""
        for path in self._cleaned.records:
            names = read_table(path, columns=["record_id"])
            if any(pc.any(pc.is_in(t["record_id"], ids)).as_py() for t in names):
                for table in read_table(path):
                    yield table.filter(pc.is_in(table["record_id"], ids))

    def _copies_of_refused(self, refused: pa.Array) -> Tables:
        """Yield earlier duplicates whose original is refused here: they are refused with it."""
        moved = [
            table.filter(pc.is_in(table["duplicate_of"], refused))
            for table in read_all(self._cleaned.duplicates)
        ]
        wanted = [name for table in moved for name in table["duplicate_of"].to_pylist()]
        if not wanted:
            return
        content = pa.concat_tables(self._accepted_once(pa.array(wanted, pa.string())))
        for table in moved:
            places = pc.index_in(table["duplicate_of"], content["record_id"].combine_chunks())
            table = table.append_column("content", content["content"].take(places))
            table = table.append_column("encoding", content["encoding"].take(places))
            yield _chosen(self._judged(table, table["duplicate_of"]), QUARANTINE)

    def _judged(self, table: pa.Table, judged: pa.ChunkedArray) -> pa.Table:
        """Return `table` with the reason and the detail of the records named in `judged`."""
        numbers = pc.index_in(judged, self._rows.ids)
        table = table.append_column("reason", self._reasons.take(numbers.combine_chunks()))
        return table.append_column("detail", self._details.take(numbers.combine_chunks()))

    def _duplicates(self) -> Tables:
        ids, original = self._rows.ids, self._rows.ids.take(pa.array(self._verdicts.original))
        refused = self._reasons.is_valid()
        for table in read_all(self._cleaned.duplicates):
            numbers = pc.index_in(table["duplicate_of"], ids).combine_chunks()
            table = table.set_column(
                table.column_names.index("duplicate_of"), "duplicate_of", original.take(numbers)
            )
            yield table.filter(pc.invert(refused.take(numbers)))
        yield from self._own_duplicates(original)

    def _own_duplicates(self, original: pa.Array) -> Tables:
        mine = pa.array(self._verdicts.duplicate)
        ids = self._rows.ids.filter(mine)
        columns = [name for name in DUPLICATES.names if name != "duplicate_of"]
        if not len(ids):
            return
        for path in self._cleaned.records:
            for table in read_table(path, columns=columns):
                chosen = table.filter(pc.is_in(table["record_id"], ids))
                numbers = pc.index_in(chosen["record_id"], self._rows.ids).combine_chunks()
                yield _chosen(
                    chosen.append_column("duplicate_of", original.take(numbers)), DUPLICATES
                )


def _chosen(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.select(schema.names).cast(schema)


def _write_ordered(
    path: Path, schema: pa.Schema, tables: Callable[[], Tables], scratch: Path
) -> int:
    chunks: list[pa.Array] = []
    size = 0
    for table in tables():
        chunks.extend(table["record_id"].chunks)
        size += table.nbytes
    ids = pa.concat_arrays(chunks) if chunks else pa.array([], pa.string())
    ranks = np.empty(len(ids), np.int64)
    ranks[pc.sort_indices(ids).to_numpy()] = np.arange(len(ids))
    ordered = OrderedRows(scratch, schema, ranks, size // max(len(ids), 1))
    for table in tables():
        ordered.add(table)
    return write_table(path, schema, ordered.read())
