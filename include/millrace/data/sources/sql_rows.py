"""`content_of`: a row of a query as a text or as a record of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.data.encoding import BYTES, ROW, TEXT
from millrace.data.sources.contents import Content, label_of, refused
from millrace.data.sources.row_json import flat, row_json


def content_of(document: Mapping[str, Any], columns: Sequence[str], row: Sequence[Any]) -> Content:
    """Return what a row holds.

    Args:
        document: values of `SqlSource`. columns: names of the row's values.
    """
    fields = dict(zip(columns, row, strict=True))
    names = (document["label"], document["group"])
    try:
        label, group = (None if name is None else label_of(fields[name]) for name in names)
        if document["text"] is not None:
            return _text(fields[document["text"]], label, group)
        beside = (document["key"], *names)
        kept = {name: value for name, value in fields.items() if name not in beside}
        return Content(row_json(flat(kept)), ROW, label, group)
    except ValueError as error:
        return refused(repr(fields).encode("utf-8", "replace"), str(error))


def _text(value: Any, label: str | None, group: str | None) -> Content:
    if isinstance(value, bytes):
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return Content(value, BYTES, label, group)
        return Content(value, TEXT, label, group)
    if not isinstance(value, str):
        said = "missing" if value is None else f"a {type(value).__name__}, not a text"
        return refused(None, f"the text is {said}")
    return Content(value.encode("utf-8"), TEXT, label, group)
