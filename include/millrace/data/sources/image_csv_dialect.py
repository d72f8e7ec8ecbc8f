"""`Dialect`: which columns of a text table are what, told by the spec and by the first rows."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from millrace.data.sources.shapes import picture_shape
from millrace.errors import DataError, SpecError

_DELIMITERS = ",;\t|"
_FEW = 16  # columns; fewer that count up are no names


@dataclass(frozen=True)
class Dialect:
    """How the rows of a table are read.

    Attributes:
        delimiter: one character. columns: number of fields in a row.
        skipped: lines before the first row of data. names: one a column; empty without a header.
        label: position of the label, or null. pixels: positions of the pixels, in order.
        height, width, channels: of a picture.
        fractions: whether the first rows hold other than whole numbers; a hint.
    """

    delimiter: str
    columns: int
    skipped: int
    names: tuple[str, ...]
    label: int | None
    pixels: tuple[int, ...]
    height: int
    width: int
    channels: int
    fractions: bool

    def to_document(self) -> dict[str, Any]:
        """Return what of the dialect decides how a row is read, as JSON values."""
        document = asdict(self)
        for hint in ("names", "fractions"):
            del document[hint]
        return document

    def column(self, position: int) -> str:
        """Return what an error calls a column."""
        named = f" ({self.names[position][:40]})" if self.names else ""
        return f"column {position}{named}"


def fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of one row; raise `ValueError` where one is longer than 131,072 letters."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error


def number(field: str) -> float | None:
    """Return the number that a field holds, NaN and infinity too, or None."""
    text = field.strip()
    try:
        if text[:2] in ("0x", "0X"):
            return float(int(text, 16))
        return None if "_" in text else float(text)
    except (ValueError, OverflowError):
        return None


def find_dialect(lines: Sequence[bytes], document: Mapping[str, Any], where: str) -> Dialect:
    """Return the dialect of a table.

    Args:
        lines: its first rows, a header among them.
        document: values of `ImageCsvSource`.
        where: what errors call the file.

    Raises:
        DataError: it is not text, or its columns are not what the spec says.
        SpecError: the spec names columns of a table without names.
    """
    texts = _texts(lines, where)
    delimiter = document["delimiter"]
    if delimiter == "auto":
        delimiter = _delimiter(texts, where)
    table = [_row(text, delimiter) for text in texts if text.strip()]
    names = _header(table, document, where)
    data = table[1:] if names else table
    columns = _columns(names, data, where)
    label, pixels = _places(document, names, columns, where)
    shape = picture_shape(len(pixels), document["size"], document["channels"], where, "columns")
    fractions = _has_fractions(data, columns, pixels, document["maximum"], where)
    skipped = 1 + [bool(line.strip()) for line in lines].index(True) if names else 0
    return Dialect(
        delimiter, columns, skipped, tuple(names), label, tuple(pixels), *shape, fractions
    )


def _has_fractions(
    data: Sequence[Sequence[str]],
    columns: int,
    pixels: Sequence[int],
    maximum: float,
    where: str,
) -> bool:
    """Whether the first rows hold other than whole numbers."""
    rows = [row for row in data if len(row) == columns]
    values = [value for row in rows for p in pixels if (value := number(row[p])) is not None]
    known = [value for value in values if math.isfinite(value)]
    if rows and not known:
        raise DataError(
            "the pixel columns hold no numbers",
            where=where,
            expected=f"numbers from 0 to {maximum:g}",
            received=rows[0][pixels[0]],
            remedy="Check the source's kind and URI, and its `label` and `pixels`.",
        )
    fractions = any(not value.is_integer() for value in known)
    if fractions and maximum == 255 and max(known) <= 1:
        raise DataError(
            "the pixels look like fractions of 1",
            where=where,
            expected="numbers from 0 to 255",
            received=f"{max(known):g} as the highest of the first rows",
            remedy="Write `maximum: 1` in the source.",
        )
    return fractions


def _texts(lines: Sequence[bytes], where: str) -> list[str]:
    """Return the first rows that are text; most must be, and the first of all."""
    found = [_text(line) for line in lines]
    wrong = [n for n, text in enumerate(found) if isinstance(text, int)]
    if wrong and (wrong[0] == 0 or 2 * len(wrong) > len(lines)):
        line = wrong[0]
        raise _no_text(f"{where}, line {line + 1}, byte {found[line]}", lines[line])
    return [text for text in found if isinstance(text, str)]


def _text(line: bytes) -> str | int:
    """Return a line as text, or the number of its first byte that is none."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + 1
    return len(text.partition("\0")[0].encode()) + 1 if "\0" in text else text


def _no_text(where: str, line: bytes) -> DataError:
    return DataError(
        "not a text table",
        where=where,
        expected="text in UTF-8 or UTF-16",
        received=line[:40],
        remedy="Check the source's kind and URI; save a table in another encoding as UTF-8.",
    )


def _delimiter(texts: Sequence[str], where: str) -> str:
    """Return the delimiter that makes most columns; a space only where no other makes any."""
    lines = [text for text in texts if text.strip()]
    widths = {d: _usual([_width(line, d) for line in lines]) for d in (*_DELIMITERS, " ")}
    best = max(_DELIMITERS, key=lambda d: widths[d])
    if widths[best] > 1:
        return best
    if widths[" "] > 1 or not lines:
        return " "
    raise DataError(
        "a table has one column only",
        where=where,
        expected="columns between commas, semicolons, tabs, bars or spaces",
        received=lines[0],
        remedy="Set `delimiter`, or check the source's kind and URI.",
    )


def _width(text: str, delimiter: str) -> int:
    return len(_row(text.strip(), delimiter))


def _row(text: str, delimiter: str) -> list[str]:
    """Return the fields of one of the first rows; none where it has none that can be read."""
    try:
        return fields(text, delimiter)
    except ValueError:
        return []


def _usual(widths: Sequence[int]) -> int:
    return Counter(widths).most_common(1)[0][0] if widths else 0


def _header(
    table: Sequence[Sequence[str]], document: Mapping[str, Any], where: str
) -> Sequence[str]:
    """Return the names of the columns, or nothing."""
    wanted = document["header"]
    named = [name for name in _named(document) if isinstance(name, str)]
    if wanted is False and named:
        raise SpecError(
            "a table without a header has no column names",
            where=where,
            expected="positions of columns; 0 is the first, -1 the last",
            received=named[0],
        )
    if not table or wanted is False:
        return ()
    names = [name.strip() for name in table[0]]
    return names if wanted is True or named or _looks_like_names(names, document) else ()


def _named(document: Mapping[str, Any]) -> list[Any]:
    pixels = document["pixels"] or {}
    return [document["label"], *pixels.values()]


def _looks_like_names(names: Sequence[str], document: Mapping[str, Any]) -> bool:
    """Whether most of the first line's pixel fields are no numbers, or they are column numbers.

    Most, so that one broken number in the first row does not make it a header.
    """
    label = document["label"]
    left = [number(name) for name in names]
    beside = left.pop(label) if isinstance(label, int) and label in _positions(left) else None
    if 2 * left.count(None) > len(left):
        return True
    counted = any(left == list(range(first, first + len(left))) for first in (0, 1))
    return len(left) >= _FEW and counted and beside in (None, 0, len(left))


def _positions(columns: Sequence[Any]) -> range:
    return range(-len(columns), len(columns))


def _columns(names: Sequence[str], data: Sequence[Sequence[str]], where: str) -> int:
    usual = _usual([len(row) for row in data])
    if names and data and usual != len(names):
        raise DataError(
            "a table's header does not fit its rows",
            where=f"{where}, line 1",
            expected=f"{usual} names, as most of the first rows have fields",
            received=f"{len(names)} names",
            remedy="Correct the header; a delimiter at the end of each line is one column more.",
        )
    return len(names) if names else usual


def _places(
    document: Mapping[str, Any], names: Sequence[str], columns: int, where: str
) -> tuple[int | None, list[int]]:
    label = document["label"]
    at = None if label is None else _place(label, names, columns, "label", where)
    pixels = document["pixels"]
    if pixels is None:
        return at, [place for place in range(columns) if place != at]
    first = _place(pixels["first"], names, columns, "pixels.first", where)
    last = _place(pixels["last"], names, columns, "pixels.last", where)
    return at, [place for place in range(first, last + 1) if place != at]


def _place(column: str | int, names: Sequence[str], columns: int, field: str, where: str) -> int:
    if isinstance(column, str) and names.count(column) == 1:
        return names.index(column)
    if isinstance(column, int) and -columns <= column < columns:
        return column % columns
    twice = isinstance(column, str) and column in names
    raise DataError(
        "a column name is not unique" if twice else "a column is missing",
        where=f"{where}, line 1, {field}",
        expected=", ".join(names[:10]) if names else f"a position below {columns}",
        received=column,
        remedy=f"Correct `{field}` in the source; null is for a table without labels."
        if field == "label"
        else f"Correct `{field}` in the source.",
    )
