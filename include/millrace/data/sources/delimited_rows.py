"""`RowReader`: records of a delimited table as texts or as JSON, and every bad one's reason."""

from __future__ import annotations

from collections.abc import Sequence

from millrace.data.encoding import BYTES, ROW, TEXT
from millrace.data.sources.charset import Charset
from millrace.data.sources.contents import Content, label_of, refused
from millrace.data.sources.delimited_dialect import TableDialect
from millrace.data.sources.delimited_fields import split
from millrace.data.sources.row_json import row_json


class RowReader:
    """Reads records one by one.

    Args:
        dialect: of the table. charset: of its lines.
    """

    def __init__(self, dialect: TableDialect, charset: Charset) -> None:
        self._dialect = dialect
        self._charset = charset
        beside = (dialect.label, dialect.group)
        names = enumerate(dialect.names)
        self._kept = [(name, at) for at, name in names if at not in beside]

    def __call__(self, record: bytes) -> Content:
        """Return what a record holds."""
        text = self._charset.decode(record)
        if text is None:
            return Content(record, BYTES)
        try:
            fields = self._fields(text)
        except ValueError as error:
            return refused(record, str(error))
        label, group = (
            None if at is None else label_of(fields[at])
            for at in (self._dialect.label, self._dialect.group)
        )
        if self._dialect.text is not None:
            return Content(fields[self._dialect.text].encode(), TEXT, label, group)
        values = [(name, fields[at].strip() or None) for name, at in self._kept]
        return Content(row_json(values), ROW, label, group)

    def _fields(self, text: str) -> Sequence[str]:
        if not text.strip():
            raise ValueError("an empty line")
        fields = split(text, self._dialect.delimiter, quoted=self._dialect.quoted)
        if len(fields) != self._dialect.columns:
            raise ValueError(f"{len(fields)} columns instead of {self._dialect.columns}")
        return fields
