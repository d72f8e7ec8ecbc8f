"""`hidden_leakage`: where data may let a model be right for a reason that is not in the content.

Each finding is a sentence for people. Nothing is refused here; a gate may be told to refuse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.data.integration.ledger import Ledger

_SHOWN = 3  # classes, or values, that a sentence names
_FEW = 5  # groups of a class; fewer are told of

_FEW_GROUPS = """SELECT label, count(*), count(DISTINCT "group") FROM kept
    GROUP BY label HAVING count("group") = count(*) AND count(DISTINCT "group") < $few
        AND count(*) > count(DISTINCT "group") ORDER BY label"""

_BY_SOURCE = "SELECT DISTINCT label, source AS value FROM kept ORDER BY 1, 2"

_BY_FOLDER = """SELECT DISTINCT label,
        source || ': ' || regexp_extract(origin, '^(.*)/', 1) AS value
    FROM kept ORDER BY 1, 2 LIMIT $most"""

_BY_SCANNER = """SELECT label, value FROM (
        SELECT r.label, (
            SELECT string_agg(field, ', ' ORDER BY field) FROM unnest(f.header) t(field)
            WHERE field LIKE 'Manufacturer%'
        ) AS value
        FROM placed p JOIN records r USING (row) JOIN facts f ON f.record_id = r.record_id)
    WHERE value IS NOT NULL GROUP BY label, value ORDER BY 1, 2"""

_FOLDERS = 10_000  # pairs of a class and a folder that are compared, at most
Pairs = Sequence[tuple[str, str]]


def hidden_leakage(ledger: Ledger, near: Mapping[str, Any]) -> list[str]:
    """Return what was found, a sentence each, without full stops.

    Args:
        ledger: with the view ``kept`` and the tables ``placed``, ``records`` and ``facts``.
        near: facts of the near duplicates; empty where nobody looked for them.
    """
    return [
        *_few_groups(ledger),
        *_across_sides(near),
        *_of_one(ledger.rows(_BY_SOURCE), "source"),
        *_folders(ledger.rows(_BY_FOLDER, most=_FOLDERS)),
        *_of_one(ledger.rows(_BY_SCANNER), "scanner"),
    ]


def _few_groups(ledger: Ledger) -> list[str]:
    found = ledger.rows(_FEW_GROUPS, few=_FEW)
    told = "the model may know them instead of the class"
    return [
        f"all {rows:,} records of class {label} come from {_groups(groups)} (patients, senders): "
        + told
        for label, rows, groups in found
    ]


def _groups(count: int) -> str:
    return "one group" if count == 1 else f"{count} groups"


def _across_sides(near: Mapping[str, Any]) -> list[str]:
    leaked = near.get("leakage", {})
    said = " and ".join(f"{count:,} {side}" for side, count in leaked.items() if count)
    if not said:
        return []
    return [
        f"{said} records have near duplicates in training, because sources are fixed to their sides"
    ]


def _of_one(pairs: Pairs, what: str) -> list[str]:
    """Tell of classes that have one value, which no other class has, where there are several."""
    classes, values = _grouped(pairs)
    if len(values) < 2:
        return []
    found = {
        label: next(iter(own))
        for label, own in classes.items()
        if len(own) == 1 and len(values[next(iter(own))]) == 1
    }
    if not found:
        return []
    shown = ", ".join(f"{label} ({value})" for label, value in [*found.items()][:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    word = "class comes" if len(found) == 1 else "classes come"
    sentence = f"{len(found)} {word} from one {what} only, which has no other class: {shown}{more}"
    return [f"{sentence}; the model may know the {what} instead of the class"]


def _folders(pairs: Pairs) -> list[str]:
    """Tell of folders, but where folders are the classes: there they are how labels were given."""
    classes, values = _grouped(pairs)
    own = all(len(one) == 1 for one in classes.values()) and len(values) == len(classes)
    if own or len(pairs) >= _FOLDERS:
        return []
    return _of_one(pairs, "folder")


def _grouped(pairs: Pairs) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    classes: dict[str, set[str]] = {}
    values: dict[str, set[str]] = {}
    for label, value in pairs:
        classes.setdefault(label, set()).add(value)
        values.setdefault(value, set()).add(label)
    return classes, values
