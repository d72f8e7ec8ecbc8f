"""`parse_rows`: the rows of a small CSV file as people write them. Knows nothing of pictures.

Tolerated are a byte order mark, any line ends, comma, semicolon or tabulator, quotes, and spaces
around everything. Refused is what cannot be read in one way only.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from millrace.errors import DataError

LARGEST = 256 << 20
"""Bytes of a file of labels, at most."""

_DELIMITERS = ",;\t|"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, without spaces and quotes around them, and its line number, from 1."""

    line: int
    cells: tuple[str, ...]


def parse_rows(data: bytes, file: str) -> list[Row]:
    """Return the rows that are not blank, all of one width.

    Raises:
        DataError: the file is empty, too large, not UTF-8, or its rows differ in width.
    """
    if len(data) > LARGEST:
        raise _wrong("too large", file, f"at most {LARGEST:,} bytes", "more")
    text = _decode(data, file)
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = io.StringIO(text, newline=None)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                row = Row(reader.line_num, tuple(_plain(cell) for cell in cells))
                rows.append(row)
    except csv.Error as error:
        where = f"{file}, line {reader.line_num}"
        raise _wrong("not a CSV file", where, "rows of cells", error) from error
    if not rows:
        raise _wrong("empty", file, "a row for each picture", "no row")
    _check_widths(rows, file)
    return rows


def _decode(data: bytes, file: str) -> str:
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{file}, line {data[: error.start].count(10) + 1}"
        received = f"the byte 0x{data[error.start]:02X}"
        raise _wrong("not UTF-8 text", where, "UTF-8", received) from error


def _plain(cell: str) -> str:
    text = cell.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].strip()
    return text


def _check_widths(rows: list[Row], file: str) -> None:
    width = len(rows[0].cells)
    wrong = [row for row in rows if len(row.cells) != width]
    if wrong:
        shown = ", ".join(f"{len(row.cells)} on line {row.line}" for row in wrong[:_SHOWN])
        raise _wrong(
            f"ragged: {len(wrong):,} of {len(rows):,} rows have another number of cells",
            file,
            f"{width} cells, as on line {rows[0].line}",
            shown,
        )


def _wrong(problem: str, where: str, expected: str, received: object) -> DataError:
    return DataError(
        f"the file of labels is {problem}",
        where=where,
        expected=expected,
        received=received,
        remedy="Correct the file, or save it as CSV (UTF-8).",
    )
