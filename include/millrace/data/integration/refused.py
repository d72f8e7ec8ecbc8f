"""The quarantine and the duplicates of a data set: those of cleaning, and integration's own.

Both are ordered by record id, and say what they would say had the sources never been cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import (
    GROUP_BYTES,
    group_rows,
    read_group,
    row_bytes,
    sliced,
    write_table,
)
from millrace.data.integration.earlier import Cleaned
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.ordered import OrderedRows
from millrace.data.integration.portions import Portions
from millrace.data.integration.records import read_all
from millrace.data.schemas import DUPLICATES, QUARANTINE

_LEAVING = """CREATE TABLE leaving AS
    SELECT *, row_number() OVER (ORDER BY record_id) - 1 AS place FROM (
        SELECT f.row, NULL AS number, record_id, source, position, origin, label,
            f.reason, f.detail
        FROM refused f JOIN records r USING (row, record_id)
        UNION ALL
        SELECT f.row, NULL, c.record_id, c.source, c.position, c.origin, c.label,
            f.reason, f.detail
        FROM copies c JOIN refused f ON c.duplicate_of = f.record_id
        UNION ALL
        SELECT NULL, number, record_id, NULL, NULL, NULL, NULL, NULL, detail
        FROM quarantined LEFT JOIN conflicts USING (record_id))"""

_AGAIN = "SELECT place, detail FROM leaving WHERE number IS NOT NULL ORDER BY number"

_NEW = """SELECT * FROM leaving
    WHERE number IS NULL AND row >= $start AND row < $stop ORDER BY place"""

_DUPLICATES = """SELECT record_id, source, position, origin, label, original AS duplicate_of
    FROM twins JOIN records USING (row, record_id)
    UNION ALL
    SELECT c.record_id, source, position, origin, label, coalesce(original, duplicate_of)
    FROM copies c LEFT JOIN twins t ON c.duplicate_of = t.record_id
        ANTI JOIN refused f ON c.duplicate_of = f.record_id
    ORDER BY record_id"""


def write_quarantine(ledger: Ledger, cleaned: Cleaned, path: Path, scratch: Path) -> int:
    """Write the refused records, ordered by id; return their number."""
    ledger.run(_LEAVING)
    ((rows, new),) = ledger.rows("SELECT count(*), count(row) FROM leaving")
    size = row_bytes([*cleaned.quarantine, *(cleaned.records if new else ())])
    ordered = OrderedRows(scratch, QUARANTINE, rows, size)
    answer = Portions(ledger.answer(_AGAIN))
    for table in read_all(cleaned.quarantine):
        _add_again(ordered, table, answer)
    if new:
        _add_new(ordered, ledger, cleaned.records)
    return write_table(path, QUARANTINE, ordered.read())


def write_duplicates(ledger: Ledger, path: Path) -> int:
    """Write the duplicates, ordered by id; return their number."""
    return write_table(path, DUPLICATES, ledger.answer(_DUPLICATES))


def _add_again(ordered: OrderedRows, table: pa.Table, answer: Portions) -> None:
    """Add quarantined rows, whose conflicts know the labels of all their equals now."""
    known = answer.take(table.num_rows)
    details = pc.coalesce(known["detail"], table["detail"])
    table = table.set_column(table.column_names.index("detail"), "detail", details)
    ordered.add(table.select(QUARANTINE.names), known["place"].to_numpy())


def _add_new(ordered: OrderedRows, ledger: Ledger, paths: Sequence[Path]) -> None:
    """Add the records that are refused here, and their copies, with their contents."""
    start = 0
    for path in paths:
        for group, rows in enumerate(group_rows(path)):
            parts = ledger.answer(_NEW, start=start, stop=start + rows)
            for part in parts:
                content = read_group(path, group, ["content", "encoding"])
                for table in _with_content(part, content, start):
                    ordered.add(table.select(QUARANTINE.names), table["place"].to_numpy())
            start += rows


def _with_content(part: pa.Table, content: pa.Table, start: int) -> Iterator[pa.Table]:
    """Yield rows of the ledger with their contents, as many at once as memory allows."""
    longest = pc.max(pc.binary_length(content["content"])).as_py() or 1
    for table in sliced(part, max(GROUP_BYTES // longest, 1)):
        found = content.take(pa.array(table["row"].to_numpy() - start))
        for name in found.column_names:
            table = table.append_column(name, found[name])
        yield table
