"""`find_delimited`: text tables (CSV, TSV) of texts or of records: how they are split, and what is
the label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from millrace.data.sources.charset import Charset
from millrace.data.sources.delimited_dialect import TableDialect, find_table
from millrace.data.sources.delimited_fields import records, split
from millrace.data.sources.delimited_header import find_header
from millrace.data.sources.files import open_source
from millrace.data.sources.lines import first_byte, head_of, lines, text_file
from millrace.data.sources.listing_names import is_picture
from millrace.data.survey.contents import is_text
from millrace.data.survey.found import Asked, Found, source
from millrace.data.survey.roles import TABLE, TEXT, Column, Roles, find_roles
from millrace.data.survey.table_survey import MOST_COLUMNS, too_wide
from millrace.errors import DataError, shorten

_ROWS = 2_000  # that are looked at
_BYTES = 1 << 20  # of them, about
_READ = 20  # lines that tell whether it is text at all

OPEN: Mapping[str, Any] = {
    **dict.fromkeys(("text", "label", "group")),
    **dict.fromkeys(("header", "delimiter", "quoting", "encoding"), "auto"),
}
"""Fields of a `delimited` source of which nothing is known yet."""

Row = Sequence[str]


def find_delimited(uri: str, stem: str, asked: Asked) -> Found:
    """Return the source of a table with a text or a record a row.

    Raises:
        DataError: it is no table, or has no label.
    """
    head = _head(uri)
    if not any(line.strip() for line in head):
        raise DataError("an empty table", where=uri, expected="a text or a record a row")
    if not is_text(b"\n".join(head[:_READ])):
        raise DataError(
            "not a text table",
            where=uri,
            expected="text in UTF-8, UTF-16 with a byte order mark, Latin-1 or Windows-1252",
            received=repr(head[0][:40]),
        )
    dialect = find_table(head, OPEN, uri)
    rows = _rows(head, dialect)
    if not rows:
        raise DataError("no row of a table can be read", where=uri, received=head[0][:60])
    _check_no_pictures(rows, uri)
    header, roles = _roles(rows, asked, uri)
    if roles.modality == TABLE and dialect.columns > MOST_COLUMNS:
        raise too_wide(uri, f"{dialect.columns:,} columns")
    names = _names(rows[0], header=header)
    document = source(
        stem,
        "delimited",
        uri=uri,
        text=None if roles.text is None else _key(int(roles.text), names),
        label=_key(int(roles.label), names),
        header=header,
        delimiter=dialect.delimiter,
        quoting=dialect.quoted,
    )
    words = "with a text a row" if roles.modality == TEXT else f"of {dialect.columns} columns"
    text = f"a table {words}, its label in the column {names[int(roles.label)]}"
    return Found(text, (document,), roles.modality, roles.notes)


def _check_no_pictures(rows: Sequence[Row], where: str) -> None:
    """Refuse a table that only names pictures."""
    for column in zip(*rows[1:], strict=True):
        if all(is_picture(cell.strip(), None) for cell in column):
            raise DataError(
                "a table whose rows name picture files",
                where=where,
                expected="texts or records in the rows themselves",
                received=shorten(column[0], 60),
                remedy="Call it labels.csv, put it into the folder of the pictures, and name that "
                "folder.",
            )


def _roles(rows: Sequence[Row], asked: Asked, where: str) -> tuple[bool, Roles]:
    """Return whether the first row is a header, and the columns' roles by position."""
    header = find_header(rows, OPEN) or asked.label in [cell.strip() for cell in rows[0]]
    roles = find_roles(_columns(rows, header=header), asked, where)
    if roles.text is not None:
        positions = {**OPEN, "text": roles.text, "label": roles.label}
        told = find_header(rows, positions)
        if told != header:
            return told, find_roles(_columns(rows, header=told), asked, where)
    return header, roles


def _columns(rows: Sequence[Row], *, header: bool) -> list[Column]:
    names = _names(rows[0], header=header)
    data = rows[1:] if header else rows
    return [
        Column(at, name, [row[at].strip() or None for row in data]) for at, name in enumerate(names)
    ]


def _names(first: Row, *, header: bool) -> list[str]:
    found = [name.strip() for name in first] if header else [""] * len(first)
    return [name or f"column_{at}" for at, name in enumerate(found)]


def _key(at: int, names: Sequence[str]) -> str | int:
    """Return a column's name where it tells the column, else its position."""
    unique = names.count(names[at]) == 1 and names[at] != f"column_{at}"
    return names[at] if unique else at


def _head(uri: str) -> list[bytes]:
    try:
        path = text_file(open_source(uri))
        with closing(lines(path, first_byte(path), uri)) as found:
            return [line for _, line in head_of(found, _ROWS, _BYTES)]
    except (OSError, EOFError) as error:
        raise DataError("not a text table", where=uri, received=error) from error


def _rows(head: Sequence[bytes], dialect: TableDialect) -> list[Row]:
    """Return the rows that have as many fields as most."""
    charset = Charset.of_lines("auto")
    numbered = iter([(0, line) for line in head])
    found: list[Row] = []
    for _, record in records(numbered, dialect.delimiter, quoted=dialect.quoted):
        text = charset.decode(record)
        try:
            fields = split(text or "", dialect.delimiter, quoted=dialect.quoted)
        except ValueError:
            continue
        if len(fields) == dialect.columns:
            found.append(fields)
    return found
