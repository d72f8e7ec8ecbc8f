"""`Families`: near duplicates in the ledger, so that no family is on two sides of a split.

A family and the groups that sources gave are united where they share a record, and what is united
is one group. Its name, from which its side is drawn, is that of the lowest hash of the groups that
sources gave, else of the lowest content digest among its members. So a family of n records that
grows by one keeps its name in n of n + 1 cases, and a group that a source gave keeps its own unless
a picture ties it to another one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import Images, column_to_images
from millrace.data.cleaning.conflicts import SHOWN_LABELS
from millrace.data.cleaning.reasons import CONFLICTING_NEAR_LABEL
from millrace.data.integration.groups import united_groups
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.records import Hashes, read_all
from millrace.data.near_duplicates.families import families
from millrace.data.schemas import THUMBNAIL_SIDE

_KIN = pa.schema([("row", pa.int64()), ("family", pa.int64())])
_SIZE = THUMBNAIL_SIDE**2  # bytes
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

    Memory holds a few numbers of 8 bytes a record; thumbnails lie on disk.

    Args:
        ledger: with the view ``kept``. Gets the tables ``kin`` (row, family), of the records with a
            near duplicate, and ``quarrels`` (family, detail), of those whose labels differ.
        cleaned: files of clean records. scratch: where thumbnails may lie.
    """

    def __init__(self, ledger: Ledger, cleaned: Sequence[Path], scratch: Path) -> None:
        self._ledger = ledger
        path = scratch / "thumbnails"
        hashes, rows = _spilled(cleaned, path)
        kept = [t["row"].to_numpy() for t in ledger.answer("SELECT row FROM kept ORDER BY row")]
        numbers = np.flatnonzero(np.isin(rows, np.concatenate([rows[:0], *kept])))
        with _Thumbnails(path, numbers) as thumbnails:
            found = families(hashes[numbers], thumbnails.read) if len(numbers) else numbers
        rows = rows[numbers]
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


class _Thumbnails:
    """Reads chosen thumbnails from a file, never more than are asked for."""

    def __init__(self, path: Path, numbers: Numbers) -> None:
        self._file = path.open("rb")
        self._numbers = numbers

    def __enter__(self) -> _Thumbnails:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def read(self, chosen: Numbers) -> Images:
        """Return the thumbnails ``(count, 256)`` of some of the numbers."""
        file, places = self._file.fileno(), (self._numbers[chosen] * _SIZE).tolist()
        parts = [os.pread(file, _SIZE, place) for place in places]
        return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, _SIZE)


def _spilled(cleaned: Sequence[Path], path: Path) -> tuple[Hashes, Numbers]:
    """Write the thumbnails to `path`; return their hashes and the numbers of their records."""
    hashes, rows, start = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
    with path.open("wb") as file:
        for table in read_all(cleaned, ["perceptual_hash", "thumbnail"]):
            known = table["perceptual_hash"].is_valid().to_numpy()
            told = table.filter(pa.array(known))
            hashes.append(told["perceptual_hash"].to_numpy())
            rows.append(start + np.flatnonzero(known))
            file.write(column_to_images(told["thumbnail"], (_SIZE, 1, 1)).tobytes())
            start += table.num_rows
    return np.concatenate(hashes), np.concatenate(rows)


def _kin(rows: Numbers, found: Numbers) -> Iterator[pa.Table]:
    sizes = np.bincount(found, minlength=len(rows))
    for start in range(0, len(rows), _AT_ONCE):
        here = np.arange(start, min(start + _AT_ONCE, len(rows)))
        here = here[sizes[found[here]] > 1]
        yield pa.table([pa.array(rows[here]), pa.array(rows[found[here]])], schema=_KIN)
