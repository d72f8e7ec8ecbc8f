"""`find_json_lines`: files with a JSON object a line, and what their fields are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from millrace.data.sources.files import open_source
from millrace.data.sources.json_objects import parse
from millrace.data.sources.lines import first_byte, head_of, lines, text_file
from millrace.data.sources.row_json import flat
from millrace.data.survey.found import Asked, Found, source
from millrace.data.survey.roles import TEXT, Column, find_roles
from millrace.errors import DataError

_ROWS = 2_000  # that are looked at
_BYTES = 1 << 20  # of them, about


def find_json_lines(uri: str, stem: str, asked: Asked) -> Found:
    """Return the source of a file of JSON objects.

    Raises:
        DataError: no line is an object, or there is no label.
    """
    found = _objects(uri)
    names = dict.fromkeys(name for one in found for name in one)
    columns = [Column(name, name, [_plain(one.get(name)) for one in found]) for name in names]
    roles = find_roles(columns, asked, uri)
    document = source(stem, "jsonl", uri=uri, text=roles.text, label=roles.label)
    words = "a text" if roles.modality == TEXT else "a record"
    text = f"JSON lines with {words} each, the label in the field {roles.told}"
    return Found(text, (document,), roles.modality, roles.notes)


def _objects(uri: str) -> Sequence[dict[str, Any]]:
    path = text_file(open_source(uri), "utf-8")
    with closing(lines(path, first_byte(path), uri)) as read:
        head = [line for _, line in head_of(read, _ROWS, _BYTES) if line.strip()]
    found, wrong = [], ""
    for line in head:
        try:
            found.append(dict(flat(parse(line))))
        except (ValueError, RecursionError) as error:
            wrong = wrong or str(error)
    if 2 * len(found) < len(head) or not found:
        raise DataError(
            "not a file of JSON objects, one a line",
            where=uri,
            expected='lines such as {"label": "spam", "text": "Win a prize"}',
            received=wrong or "an empty file",
        )
    return found


def _plain(value: Any) -> Any:
    return None if isinstance(value, list | dict) else value
