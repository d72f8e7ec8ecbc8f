"""`find_header`: whether a delimited table's first record names its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_USUAL = frozenset(
    [
        *("text", "message", "messages", "sms", "body", "content", "comment", "review", "tweet"),
        *("label", "labels", "class", "category", "target", "type", "sentiment", "spam", "y"),
        *("id", "v1", "v2", "subject", "title", "sentence", "document", "date", "name"),
    ]
)
_LONGEST = 60  # characters of a name

Row = Sequence[str]


def find_header(rows: Sequence[Row], document: Mapping[str, Any]) -> bool:
    """Return whether the first of `rows` is a header.

    Where the spec leaves it open: a spec that names columns has one. Else the first record is one
    if it holds a usual name; or a label that no other record has, where labels repeat; or,
    of records of a table, texts alone.
    """
    named = [document[field] for field in ("text", "label", "group")]
    if document["header"] != "auto":
        return bool(document["header"])
    if any(isinstance(column, str) for column in named):
        return True
    first, rest = [cell.strip() for cell in rows[0]], [row for row in rows[1:] if row]
    if any(len(cell) > _LONGEST for cell in first) or not any(first):
        return False
    if any(cell.lower() in _USUAL for cell in first):
        return not _appears(first, document["label"], rest)
    if document["text"] is not None:
        return document["label"] is not None and _is_no_label(first, document["label"], rest)
    return not any(_is_number(cell) for cell in first) and len(set(first)) == len(first)


def _appears(first: Row, label: int | None, rest: Sequence[Row]) -> bool:
    """Whether the first record's label is one of the others', such as ``spam``."""
    if label is None:
        return False
    return first[label].lower() in {row[label].strip().lower() for row in _wide(rest, first)}


def _is_no_label(first: Row, label: int, rest: Sequence[Row]) -> bool:
    """Whether the others' labels repeat, and the first record's is none of them."""
    others = [row[label].strip().lower() for row in _wide(rest, first)]
    repeat = 0 < 2 * len(set(others)) <= len(others)
    return repeat and first[label].lower() not in others


def _wide(rows: Sequence[Row], first: Row) -> list[Row]:
    return [row for row in rows if len(row) == len(first)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
