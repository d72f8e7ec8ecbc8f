"""A record of a table as a file that a person can correct, and back."""

from __future__ import annotations

import json

from millrace.data.encoding import ROW
from millrace.data.modality import Content
from millrace.data.rows.read import read_record


def as_file(content: Content) -> tuple[bytes, str] | None:
    """Return a record as JSON, a field a line; what is none as it came; None for nothing."""
    data, encoding = content
    if data is None:
        return None
    try:
        record = read_record(data, encoding)
    except ValueError:
        return data, ".txt"
    return json.dumps(record, ensure_ascii=False, indent=1).encode(), ".json"


def from_file(data: bytes, was: Content) -> Content | None:
    """Return the record of a JSON file; None where it holds none."""
    if data == was[0]:
        return was
    try:
        record = read_record(data.removeprefix(b"\xef\xbb\xbf"), ROW)
    except ValueError:
        return None
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(), ROW


def same(one: Content, other: Content) -> bool:
    """Whether two records have equal fields of equal types, in any order."""
    if one == other:
        return True
    try:
        first, second = (read_record(*content) for content in (one, other))
    except ValueError:
        return False
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
