"""`content_of`: a row of a query as a text or as a record of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.data.encoding import ROW
from millrace.data.sources.contents import Content, label_of, refused, text_content
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
            return text_content(fields[document["text"]], label, group)
        beside = (document["key"], *names)
        kept = {name: value for name, value in fields.items() if name not in beside}
        return Content(row_json(flat(kept)), ROW, label, group)
    except ValueError as error:
        return refused(repr(fields).encode("utf-8", "replace"), str(error))
