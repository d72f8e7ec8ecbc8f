"""`Families`: near duplicates in the ledger, so that no family is on two sides of a split.

A family and the groups that sources gave are united where they share a record, and what is united
is one group. Its name, from which its side is drawn, is that of the lowest hash of the groups that
sources gave, else of the lowest content digest among its members. So a family of n records that
grows by one keeps its name in n of n + 1 cases, and a group that a source gave keeps its own unless
a record ties it to another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.data.cleaning.conflicts import SHOWN_LABELS
from millrace.data.cleaning.reasons import CONFLICTING_NEAR_LABEL
from millrace.data.integration.groups import united_groups
from millrace.data.integration.ledger import Ledger
from millrace.data.modality import Modality

_KIN = pa.schema([("row", pa.int64()), ("family", pa.int64())])
_AT_ONCE = 65_536  # rows

_DISAGREEING = """CREATE TABLE quarrels AS
    SELECT family, $words || array_to_string(labels[:$shown], ', ')
        || CASE WHEN len(labels) > $shown THEN ' and ' || len(labels) - $shown || ' more' ELSE ''
        END AS detail
    FROM (
        SELECT family, list(label ORDER BY label) AS labels
        FROM (SELECT DISTINCT family, label FROM kin JOIN kept USING (row))
        GROUP BY family
    ) WHERE len(labels) > 1"""

_REFUSE = """INSERT INTO refused
    SELECT row, record_id, $reason, q.detail
    FROM quarrels q JOIN kin USING (family) JOIN records USING (row)"""

_REFUSE_TWINS = """INSERT INTO refused
    SELECT t.row, t.record_id, reason, detail
    FROM twins t JOIN refused f ON t.original = f.record_id"""

_COUNTS = """SELECT count(DISTINCT family), count(*), (SELECT count(*) FROM quarrels) FROM kin"""

_LEAKAGE = """SELECT count(*) FILTER (side = 0), count(*) FILTER (side = 1)
    FROM placed JOIN kin USING (row)
    WHERE family IN (SELECT family FROM placed JOIN kin USING (row) WHERE side = 2)"""

Numbers = npt.NDArray[np.int64]


class Families:
    """Finds the families among the records that are kept.

    Args:
        ledger: with the view ``kept``. Gets the tables ``kin`` (row, family), of the records with a
            near duplicate, and ``quarrels`` (family, detail), of those whose labels differ.
        modality: of the records. cleaned: their files. scratch: where it may put what it needs.
    """

    def __init__(
        self, ledger: Ledger, modality: Modality, cleaned: Sequence[Path], scratch: Path
    ) -> None:
        self._ledger = ledger
        kept = [t["row"].to_numpy() for t in ledger.answer("SELECT row FROM kept ORDER BY row")]
        numbers = np.concatenate([np.zeros(0, np.int64), *kept])
        rows, found = modality.families(cleaned, numbers, scratch)
        ledger.load("kin", _KIN, lambda: _kin(rows, found))
        words = "near duplicates carry the labels "
        ledger.run(_DISAGREEING, words=words, shown=SHOWN_LABELS)
        ((count, records, quarrels),) = ledger.rows(_COUNTS)
        self._counts = {"families": count, "records": records, "disagreeing": quarrels}

    def refuse_quarrels(self) -> None:
        """Refuse all records of families whose labels differ, and their equals."""
        self._ledger.run(_REFUSE, reason=CONFLICTING_NEAR_LABEL)
        self._ledger.run(_REFUSE_TWINS)
        self._ledger.run("DELETE FROM twins WHERE row IN (SELECT row FROM refused)")

    def unite_groups(self, seed: int) -> None:
        """Fill the table ``united``, so that each family is in one group."""
        united_groups(self._ledger, seed)

    def facts(self) -> Mapping[str, Any]:
        """Return counts of families, of records in them and of families whose labels differ; and
        how many records of a side have near duplicates in ``train``, as only fixed sides cause.
        """
        ((test, validation),) = self._ledger.rows(_LEAKAGE)
        return {**self._counts, "leakage": {"test": test, "validation": validation}}


def _kin(rows: Numbers, found: Numbers) -> Iterator[pa.Table]:
    sizes = np.bincount(found, minlength=len(rows))
    for start in range(0, len(rows), _AT_ONCE):
        here = np.arange(start, min(start + _AT_ONCE, len(rows)))
        here = here[sizes[found[here]] > 1]
        yield pa.table([pa.array(rows[here]), pa.array(rows[found[here]])], schema=_KIN)
