"""`class_counts`: records of each class on each side; none may be empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import SIDES
from millrace.errors import DataError

_SHOWN = 5


def class_counts(ledger: Ledger, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the records of the table ``placed`` by side and class.

    Args:
        ledger: the tables of the data set.
        names: the classes, in their order.

    Raises:
        DataError: a class has no record on some side.
    """
    found = ledger.rows("SELECT side, label, count(*) FROM placed GROUP BY side, label")
    by_class = {(SIDES[side], label): count for side, label, count in found}
    counts = {side: {name: by_class.get((side, name), 0) for name in names} for side in SIDES}
    _check(counts, names)
    return {side: counts[side] for side in ("train", "validation", "test")}


def _check(counts: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> None:
    small = [name for name in names if any(counts[side][name] == 0 for side in SIDES)]
    if not small:
        return
    shown = "; ".join(
        f"{name!r}: " + ", ".join(f"{counts[side][name]} {side}" for side in reversed(SIDES))
        for name in small[:_SHOWN]
    )
    raise DataError(
        f"{len(small)} of {len(names)} classes are too small to split",
        where="integrate",
        expected="at least one record of every class in train, validation and test",
        received=shown,
        remedy="Give the class more records, raise split.validation or split.test or `limit`, "
        "or leave the class out: map its label to null in label_map.",
    )
