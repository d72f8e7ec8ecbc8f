"""`ObjectReader`: lines of JSON as texts or as records of a table, and every bad one's reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.data.encoding import BYTES, ROW, TEXT
from millrace.data.sources.contents import Content, label_of, refused
from millrace.data.sources.json_objects import find, parse
from millrace.data.sources.row_json import flat, row_json


class ObjectReader:
    """Reads lines one by one.

    Args:
        document: values of `JsonLinesSource`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._text: str | None = document["text"]
        self._beside = (document["label"], document["group"])

    def __call__(self, line: bytes) -> Content:
        """Return what a line holds."""
        try:
            return self._read(parse(line))
        except UnicodeDecodeError:
            return Content(line, BYTES)
        except UnicodeEncodeError as error:
            return refused(line, f"half a character, {error.object[error.start]!r}")
        except ValueError as error:
            return refused(line, str(error))
        except RecursionError:
            return refused(line, "JSON that is nested too deeply")

    def _read(self, record: Mapping[str, Any]) -> Content:
        label, group = (
            None if path is None else label_of(find(record, path)[1]) for path in self._beside
        )
        if self._text is None:
            fields = [(name, value) for name, value in flat(record) if name not in self._beside]
            return Content(row_json(fields), ROW, label, group)
        there, text = find(record, self._text)
        if not isinstance(text, str):
            said = f"is of type {type(text).__name__}, not a text" if there else "is missing"
            raise ValueError(  # noqa: TRY004 (of the data, not of the code)
                f"the field {self._text[:80]} {said}"
            )
        return Content(text.encode("utf-8"), TEXT, label, group)
