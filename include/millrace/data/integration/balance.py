"""`class_counts`: records of each class on each side; none may be empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import SIDES
from millrace.errors import DataError

_SHOWN = 5

_GROUPS = """SELECT label, count(DISTINCT head) FROM placed JOIN grouped USING (row, label)
    GROUP BY label"""


def class_counts(ledger: Ledger, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the records of the table ``placed`` by side and class.

    Args:
        ledger: with the table ``placed`` and the view ``grouped``.
        names: the classes, in their order.

    Raises:
        DataError: a class has no record on some side.
    """
    found = ledger.rows("SELECT side, label, count(*) FROM placed GROUP BY side, label")
    by_class = {(SIDES[side], label): count for side, label, count in found}
    counts = {side: {name: by_class.get((side, name), 0) for name in names} for side in SIDES}
    small = [name for name in names if any(counts[side][name] == 0 for side in SIDES)]
    if small:
        _refuse(small, len(names), counts, dict(ledger.rows(_GROUPS)))
    return {side: counts[side] for side in ("train", "validation", "test")}


def _refuse(
    small: Sequence[str],
    classes: int,
    counts: Mapping[str, Mapping[str, int]],
    groups: Mapping[str, int],
) -> NoReturn:
    shown = []
    for name in small[:_SHOWN]:
        sides = ", ".join(f"{counts[side][name]} {side}" for side in reversed(SIDES))
        whole, rows = groups.get(name, 0), sum(counts[side][name] for side in SIDES)
        # Groups of the source, and families of near duplicates, are never torn.
        shown.append(f"{name!r}: {sides}" + (f", in {whole} groups" if whole < rows else ""))
    raise DataError(
        f"{len(small)} of {classes} classes are too small to split",
        where="integrate",
        expected="at least one record of every class in train, validation and test; groups and "
        "families of near duplicates stay whole",
        received="; ".join(shown),
        remedy="Give the class more records, raise split.validation or split.test or `limit`, "
        "or leave the class out: map its label to null in label_map.",
    )
