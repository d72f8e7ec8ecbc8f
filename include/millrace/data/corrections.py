"""Corrected records: what a person changed of records of one source, and how it is put in place.

A correction holds for a record of that id whose content is still what was corrected: where a source
changed since, or another source has the same name, the record stays as it is. Nothing is judged
here, and nothing is ever added or removed: cleaning judges the corrected record like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from millrace.data.schemas import DIGEST

CORRECTIONS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("original", DIGEST, nullable=False),
        pa.field("label", pa.string()),
        pa.field("content", pa.binary()),
        pa.field("encoding", pa.string()),
    ]
)
"""Columns of `corrections.parquet`, sorted by record id.

`original` is `content_digest` of the record as collected; `label` is in the workflow's words, null
where it stays; `content` and `encoding` are null where the content stays.
"""

FILE_NAME = "corrections.parquet"
_SHOWN = 5  # records that a log line names
log = logging.getLogger(__name__)


def content_digest(content: bytes | None, encoding: str) -> bytes:
    """Return the digest that tells whether a record is still the one that was corrected."""
    person = blake2b(encoding.encode(), digest_size=16).digest()
    return blake2b(content or b"", digest_size=16, person=person).digest()


def raw_label(label: str, label_map: Mapping[str, str | None]) -> str | None:
    """Return a raw label that `label_map` turns into the workflow's `label`; None where none is."""
    if label_map.get(label, label) == label:
        return label
    return next((raw for raw, word in label_map.items() if word == label), None)


def corrected(
    tables: Iterable[pa.Table], path: Path | None, label_map: Mapping[str, str | None]
) -> Iterator[pa.Table]:
    """Yield RAW tables with their corrections in place, row for row.

    Args:
        tables: of one source.
        path: of the source's corrections, which are held in memory; None where there are none.
        label_map: of the source.
    """
    if path is None:
        yield from tables
        return
    corrections = pq.read_table(path, schema=CORRECTIONS)
    for table in tables:
        yield _correct(table, corrections, label_map)


def _correct(
    table: pa.Table, corrections: pa.Table, label_map: Mapping[str, str | None]
) -> pa.Table:
    found = pc.index_in(table["record_id"], corrections["record_id"])
    rows = np.flatnonzero(found.is_valid().to_numpy())
    if not len(rows):
        return table
    known = table.take(rows).select(["content", "encoding"]).to_pylist()
    chosen = corrections.take(found.take(pa.array(rows))).to_pylist()
    changes = {
        int(row): change
        for row, now, change in zip(rows, known, chosen, strict=True)
        if content_digest(now["content"], now["encoding"]) == change["original"]
    }
    if len(changes) < len(rows):
        gone = [c["record_id"] for n, c in enumerate(chosen) if int(rows[n]) not in changes]
        more = f" and {len(gone) - _SHOWN} more" if len(gone) > _SHOWN else ""
        log.warning(
            "Corrections of %s%s no longer hold: the records changed since",
            ", ".join(gone[:_SHOWN]),
            more,
        )
    table = _replace(table, "label", changes, lambda c: _raw(c["label"], label_map))
    for name in ("content", "encoding"):
        table = _replace(table, name, changes, lambda c, name=name: c[name])  # type: ignore[misc]
    return table


def _raw(label: str | None, label_map: Mapping[str, str | None]) -> str | None:
    """Return the raw label of a correction; a word that no raw label gives goes as it is."""
    return None if label is None else raw_label(label, label_map) or label


def _replace(
    table: pa.Table,
    name: str,
    changes: Mapping[int, dict[str, Any]],
    value: Callable[[dict[str, Any]], Any],
) -> pa.Table:
    """Return `table` with the values of a column that are not None put in place."""
    new = {row: made for row, change in changes.items() if (made := value(change)) is not None}
    if not new:
        return table
    mask: npt.NDArray[np.bool_] = np.zeros(table.num_rows, bool)
    mask[list(new)] = True
    field = table.schema.field(name)
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    values = pa.array([new[row] for row in sorted(new)], field.type)
    replaced = pc.replace_with_mask(column, pa.array(mask), values)
    return table.set_column(table.column_names.index(name), field, replaced)
