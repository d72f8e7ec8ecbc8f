"""`assign`: which side every record is on, by a stable hash of its group.

A group stays where it is as data grows, however the sources are cut and ordered. A source's fixed
side wins; a group that a fixed source holds draws its other records along. Where a source is fixed
to ``test`` (or ``validation``), no further share of the others is taken for it; where all sources
are fixed and none to ``validation``, that share is taken from the ``train`` ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import FREE, SIDES
from millrace.errors import DataError

_SHOWN = 5
_TRAIN = SIDES.index("train")

_CLASHES = """SELECT "group", list(DISTINCT fixed ORDER BY fixed) FROM kept
    WHERE "group" IS NOT NULL AND fixed < $free
    GROUP BY "group" HAVING min(fixed) <> max(fixed) ORDER BY "group" """

_GROUPED = """CREATE VIEW grouped AS
    SELECT row, label, key, fixed, coalesce(u.head, k.team) AS head,
        coalesce(u.share, k.share) AS share
    FROM kept k LEFT JOIN united u USING (team)"""

_HOLDING = """CREATE TABLE holding AS
    SELECT head, min(fixed) AS side FROM grouped WHERE fixed < $free GROUP BY head"""

_TIED = """CREATE TABLE tied AS
    SELECT row, row_number() OVER (PARTITION BY high ORDER BY record_id) AS turn
    FROM kept SEMI JOIN shared USING (high)"""

_SIDED = """CREATE VIEW sided AS
    SELECT row, label, key, share, fixed,
        CASE WHEN fixed < 3 THEN fixed ELSE coalesce(side, 3) END AS side
    FROM grouped LEFT JOIN holding USING (head)"""
"""3 is `FREE`: a view takes no values."""

_FOUND = """SELECT count(*) FILTER (fixed = 0) > 0, count(*) FILTER (fixed = 1) > 0,
    count(*) FILTER (side = $free) > 0 FROM sided"""

_DRAWN = """CREATE TABLE placed AS
    SELECT row, label, CASE WHEN side <> $open THEN side WHEN share < $test THEN 0
        WHEN share < $test + $validation THEN 1 ELSE 2 END::TINYINT AS side
    FROM sided LEFT JOIN tied USING (row) ORDER BY 3, key, coalesce(turn, 0)"""
"""Records whose keys are equal have equal content, and follow by their ids."""


def assign(ledger: Ledger, split: Mapping[str, Any]) -> None:
    """Make the table ``placed`` of the records that are kept: row, label and side, a place in
    `SIDES`. Its ``rowid`` is their place in the data set: side by side, each shuffled in an order
    that depends on content and ids only.

    Args:
        ledger: with the view ``kept``, and the tables ``shared`` and ``united``, see `UNITED`.
        split: the values of `millrace.workflow.learning.Split`.

    Raises:
        DataError: sources fixed to different sides share a group that they gave.
    """
    _check_groups(ledger)
    ledger.run(_GROUPED)
    ledger.run(_HOLDING, free=FREE)
    ledger.run(_TIED)
    ledger.run(_SIDED)
    ((test, validation, free),) = ledger.rows(_FOUND, free=FREE)
    ledger.run(
        _DRAWN,
        open=FREE if free or validation else _TRAIN,
        test=0.0 if test else split["test"],
        validation=0.0 if validation else split["validation"],
    )


def _check_groups(ledger: Ledger) -> None:
    shared = ledger.rows(_CLASHES, free=FREE)
    if not shared:
        return
    shown = "; ".join(
        f"{group!r} in " + " and ".join(SIDES[side] for side in sides)
        for group, sides in shared[:_SHOWN]
    )
    raise DataError(
        "a group is on more than one fixed side",
        where="integrate",
        expected="every group of the sources on one side",
        received=f"{len(shared):,} on several: {shown}",
        remedy="Take the group out of one of the sources, or leave `split` of one source free, "
        "so that its records follow their group.",
    )
