"""`judge`: what integration decides of every record, before any content is moved.

Makes these tables of the ledger: ``refused`` (row, record_id, reason, detail), ``twins`` (records
whose equal is kept: row, record_id, original), ``conflicts`` (what an earlier conflict says now:
record_id, detail), ``shared`` (the first halves of digests that more than one record has); and the
view ``kept``, the records of the data set.
"""

from __future__ import annotations

from millrace.data.cleaning.conflicts import SHOWN_LABELS
from millrace.data.cleaning.reasons import CONFLICTING_LABEL
from millrace.data.integration.ledger import Ledger
from millrace.errors import DataError

_SHOWN = 5

_CONTENTS = """CREATE VIEW contents AS
    SELECT row, record_id, coalesce(label, '(none)') AS label, high, low,
        least(fixed, 2) AS preference FROM records
    UNION ALL
    SELECT NULL, record_id, coalesce(label, '(none)'), high, low, 3 FROM earlier"""

_SHARED = """CREATE TABLE shared AS
    SELECT high FROM contents GROUP BY high HAVING count(*) > 1"""

_EQUALS = """CREATE TABLE equals AS
    SELECT row, record_id, label, high, low,
        first_value(record_id) OVER best AS original,
        $refused AND min(label) OVER every <> max(label) OVER every AS conflicting
    FROM contents SEMI JOIN shared USING (high)
    WINDOW every AS (PARTITION BY high, low), best AS (every ORDER BY preference, record_id)"""

_DISAGREEING = """CREATE TABLE disagreeing AS
    SELECT record_id, row, $words || array_to_string(labels[:$shown], ', ')
        || CASE WHEN len(labels) > $shown THEN ' and ' || len(labels) - $shown || ' more' ELSE ''
        END AS detail
    FROM equals JOIN (
        SELECT high, low, list(label ORDER BY label) AS labels
        FROM (SELECT DISTINCT high, low, label FROM equals WHERE conflicting)
        GROUP BY high, low
    ) USING (high, low)"""

_REFUSED = """CREATE TABLE refused AS
    SELECT row, r.record_id, coalesce(reason, $conflict) AS reason,
        CASE WHEN reason IS NULL THEN d.detail ELSE r.detail END AS detail
    FROM records r LEFT JOIN disagreeing d USING (row)
    WHERE reason IS NOT NULL OR d.detail IS NOT NULL"""

_CONFLICTS = """CREATE TABLE conflicts AS
    SELECT record_id, detail FROM disagreeing WHERE row IS NULL"""

_TWINS = """CREATE TABLE twins AS
    SELECT row, record_id, original FROM equals ANTI JOIN refused USING (row)
    WHERE row IS NOT NULL AND original <> record_id AND $wanted"""

_KEPT = """CREATE VIEW kept AS
    FROM records ANTI JOIN refused USING (row) ANTI JOIN twins USING (row)"""

_PASSED = ("equals", "disagreeing")
"""Tables that nobody asks later."""

_IDS = """SELECT record_id FROM (
        SELECT record_id FROM records
        UNION ALL SELECT record_id FROM quarantined
        UNION ALL SELECT record_id FROM copies)
    GROUP BY record_id HAVING count(*) > 1 ORDER BY record_id LIMIT $shown"""


def judge(ledger: Ledger, duplicates: str, conflicts: str = "refuse") -> None:
    """Compare all records with each other.

    A record on a fixed side is kept before its equals elsewhere: test, then validation, then the
    rest; among those, the lowest record id.

    Args:
        ledger: with the tables ``records``, ``quarantined``, ``copies`` and ``earlier``.
        duplicates: ``exact`` keeps one of equal records, ``keep`` all.
        conflicts: ``refuse`` refuses equal records with different labels, ``keep`` keeps them.

    Raises:
        DataError: two records have one id.
    """
    _check_unique(ledger)
    for statement in (_CONTENTS, _SHARED):
        ledger.run(statement)
    ledger.run(_EQUALS, refused=conflicts == "refuse")
    ledger.run(_DISAGREEING, words="equal contents carry the labels ", shown=SHOWN_LABELS)
    ledger.run(_REFUSED, conflict=CONFLICTING_LABEL)
    ledger.run(_CONFLICTS)
    ledger.run(_TWINS, wanted=duplicates == "exact")
    ledger.run(_KEPT)
    for table in _PASSED:
        ledger.run(f"DROP TABLE {table}")


def _check_unique(ledger: Ledger) -> None:
    twice = [name for (name,) in ledger.rows(_IDS, shown=_SHOWN)]
    if twice:
        raise DataError(
            "record ids are not unique",
            expected="one record an id",
            received=", ".join(twice),
            remedy="Let the source's reader make ids that tell its records apart.",
        )
