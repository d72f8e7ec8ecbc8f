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
_TEST, _VALIDATION, _TRAIN = range(3)

_CLASHES = """SELECT "group", list(DISTINCT fixed ORDER BY fixed) FROM kept
    WHERE "group" IS NOT NULL AND fixed < $free
    GROUP BY "group" HAVING min(fixed) <> max(fixed) ORDER BY "group" """

_GROUPED = """CREATE VIEW grouped AS
    SELECT row, record_id, label, key, fixed, coalesce(u.head, k.team) AS head,
        coalesce(u.share, k.share) AS share
    FROM kept k LEFT JOIN united u USING (team)"""

_HELD = """CREATE TABLE held AS
    SELECT row, record_id, label, key, share,
        CASE WHEN fixed < $free THEN fixed ELSE coalesce(side, $free) END AS side
    FROM grouped LEFT JOIN (
        SELECT head, min(fixed) AS side FROM grouped WHERE fixed < $free GROUP BY head
    ) USING (head)"""

_FIXED = """SELECT count(*) FILTER (fixed = 0) > 0, count(*) FILTER (fixed = 1) > 0 FROM kept"""

_PLACED = """CREATE TABLE placed AS
    SELECT row, label, side, row_number() OVER (ORDER BY side, key, record_id) - 1 AS place FROM (
        SELECT row, record_id, label, key,
            CASE WHEN side <> $open THEN side WHEN share < $test THEN 0
            WHEN share < $test + $validation THEN 1 ELSE 2 END AS side
        FROM held)"""


def assign(ledger: Ledger, split: Mapping[str, Any]) -> None:
    """Make the table ``placed`` of the records that are kept: their side, a place in `SIDES`, and
    their place in the shuffled order of all sides, which depends on content and ids only.

    Args:
        ledger: with the view ``kept`` and the table ``united``, see `UNITED`.
        split: the values of `millrace.workflow.learning.Split`.

    Raises:
        DataError: sources fixed to different sides share a group that they gave.
    """
    _check_groups(ledger)
    ledger.run(_GROUPED)
    ledger.run(_HELD, free=FREE)
    ((test, validation),) = ledger.rows(_FIXED)
    ((free,),) = ledger.rows("SELECT count(*) > 0 FROM held WHERE side = $free", free=FREE)
    ledger.run(
        _PLACED,
        open=_TRAIN if not (free or validation) else FREE,
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
