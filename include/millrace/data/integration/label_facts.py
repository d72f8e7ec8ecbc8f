"""`label_facts`: what is said of the labels of a data set, and whether they can be learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.data.integration.balance import class_counts
from millrace.data.integration.ledger import Ledger
from millrace.data.integration.sides import SIDES
from millrace.data.integration.vocabulary import vocabulary
from millrace.errors import DataError

_SIDED = """SELECT side, count(*), min(value), median(value), max(value)
    FROM (SELECT side, CAST(label AS DOUBLE) AS value FROM placed) GROUP BY side"""


def label_facts(ledger: Ledger, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``labels`` and ``rows``, and ``class_counts`` or ``target`` and ``values``.

    Args:
        ledger: with the table ``placed``.
        params: ``target``, where labels are numbers; else ``labels``, the vocabulary.

    Raises:
        DataError: nothing can be learnt from the labels, or nothing judged by them.
    """
    return _numbers(ledger, params) if "target" in params else _classes(ledger, params)


def _classes(ledger: Ledger, params: Mapping[str, Any]) -> dict[str, Any]:
    found = ledger.rows("SELECT DISTINCT label FROM placed")
    labels = vocabulary(params["labels"], (label for (label,) in found))
    counts = class_counts(ledger, labels)
    return {
        "labels": labels,
        "rows": {side: sum(numbers.values()) for side, numbers in counts.items()},
        "class_counts": counts,
    }


def _numbers(ledger: Ledger, params: Mapping[str, Any]) -> dict[str, Any]:
    """Say how many records each side has, and the least, middle and largest label there."""
    found = {SIDES[side]: rest for side, *rest in ledger.rows(_SIDED)}
    _check(found)
    order = ("train", "validation", "test")
    names = ("low", "median", "high")
    return {
        "labels": [],
        "target": dict(params["target"]),
        "rows": {side: found[side][0] for side in order},
        "values": {side: dict(zip(names, found[side][1:], strict=True)) for side in order},
    }


def _check(found: Mapping[str, list[Any]]) -> None:
    """Refuse sides on which nothing can be learnt or judged."""
    rows = {side: found.get(side, [0])[0] for side in SIDES}
    constant = sorted({figures[1] for figures in found.values() if figures[1] == figures[3]})
    if len(found) == len(SIDES) and not constant:
        return
    lowest = min((figures[1] for figures in found.values()), default=None)
    highest = max((figures[3] for figures in found.values()), default=None)
    said = ", ".join(f"{count:,} {side}" for side, count in rows.items())
    raise DataError(
        "every label is the same number"
        if found and lowest == highest
        else "a side of the data set has no two different labels",
        where="integrate",
        expected="two different labels at least in train, validation and test",
        received=f"{said}; labels from {lowest} to {highest}",
        remedy="Check which column is the label, give more records, or raise split.validation or "
        "split.test.",
    )
