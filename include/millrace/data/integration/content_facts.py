"""`write_facts`: a data set's records in its order, with their groups and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import write_table
from millrace.data.content_facts import FACTS
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.records import read_all
from millrace.data.integration.sides import SIDES

_KNOWN = [field for field in FACTS if field.name != "record_id"]

DESCRIBED = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("label", pa.string()),
        pa.field("split", pa.string(), nullable=False),
        pa.field("group", pa.uint64(), nullable=False),
        *_KNOWN,
    ]
)
"""``facts.parquet`` of a data set, in its order: test, validation, train. ``group`` is the hash of
what the split did not tear: the group that the source gave, united with near duplicates, or the
content. The rest is of `FACTS`."""

_ORDERED = """SELECT r.record_id, r.source, r.position, r.label, p.side, g.head AS "group",
        f.* EXCLUDE (record_id)
    FROM placed p JOIN records r USING (row) JOIN grouped g USING (row)
        LEFT JOIN facts f ON f.record_id = r.record_id
    ORDER BY p.rowid"""


def load_facts(ledger: Ledger, paths: Sequence[Path]) -> None:
    """Make the table ``facts`` of what cleaning knew of its records, see `FACTS`.

    Args:
        paths: the files of clean artifacts that have them.
    """
    ledger.load("facts", FACTS, lambda: read_all(paths))


def write_facts(ledger: Ledger, path: Path) -> int:
    """Write the table, see `DESCRIBED`, and return its rows.

    Args:
        ledger: with the tables ``placed``, ``records`` and ``facts``, and the view ``grouped``.
    """
    return write_table(path, DESCRIBED, _described(ledger))


def _described(ledger: Ledger) -> Iterator[pa.Table]:
    names = pa.array(SIDES)
    for table in ledger.answer(_ORDERED):
        sides = names.take(pc.cast(table["side"], pa.int64()))
        table = table.append_column("split", sides)
        yield table.select(DESCRIBED.names).cast(DESCRIBED)
