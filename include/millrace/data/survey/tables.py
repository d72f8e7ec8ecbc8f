"""`find_csv`: text tables of pictures, texts or records; how pixels lie, and what is white."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import isqrt

import numpy as np
import numpy.typing as npt

from millrace.data.sources.files import open_source
from millrace.data.sources.image_csv_dialect import fields, number
from millrace.data.survey.delimited import find_delimited
from millrace.data.survey.found import Asked, Found, source
from millrace.data.survey.roles import LABELS, PICTURES
from millrace.errors import DataError

_ROWS = 1_000  # that are looked at
_DELIMITERS = ",;\t| "
_LONGEST_LINE = 1 << 20
_BACKGROUND = 0.8  # share of one value above which a column is hardly of labels
_REPEATED = 3  # rows of a class, on average, at least
_SMALLEST = 4  # pixels of a picture's side
_BRIGHTEST = 65_535
_BYTES = 8 << 20  # of lines that are looked at, about
_FEWEST = 20  # lines, whatever they have


def find_csv(uri: str, stem: str, asked: Asked) -> Found:
    """Return the source of a text table: of pictures, texts or records, one a row.

    Raises:
        DataError: its rows are none of these, or have no label.
    """
    found = _pixels(uri, stem, asked) if asked.allows(PICTURES) else None
    if found is not None:
        return found
    if asked.modality == PICTURES:
        raise DataError(
            "a table whose rows are not pictures",
            where=uri,
            expected="a label and the pixels of a square picture in every row",
            remedy="If its rows name picture files, name the folder of the pictures instead; if "
            "the pictures are not square, write the spec by hand with `size`.",
        )
    return find_delimited(uri, stem, asked)


def _pixels(uri: str, stem: str, asked: Asked) -> Found | None:
    """Return the source of a table of pictures; None where its rows are none."""
    lines = _lines(uri)
    if lines is None:
        return None
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        table = [fields(line, delimiter) for line in lines]
    except ValueError:
        return None
    names = _header(table)
    rows = [row for row in (table[1:] if names else table) if len(row) == len(table[0])]
    columns = len(table[0])
    label = _label(names, rows, asked)
    side, channels = _shape(columns - 1)
    if label is None or side is None or not rows:
        return None
    values = _values(rows, label)
    pixel_names = [*names[:label], *names[label + 1 :]]
    if asked.modality != PICTURES and not _are_pixels(pixel_names, values):
        return None
    document = source(
        stem,
        "image_csv",
        uri=uri,
        label=names[label] if names else label - columns if label else 0,
        channels=channels if channels == 3 else None,
        layout="planar" if channels == 3 and _planar(values, side) else None,
        maximum=_white(values),
    )
    column = names[label] if names else "first" if label == 0 else "last"
    words = f"a table of pixels, one picture a row, its label in the column {column}"
    return Found(words, (document,))


def _are_pixels(names: Sequence[str], values: npt.NDArray[np.float64]) -> bool:
    """Whether square rows of numbers are pictures rather than records of a table: their columns are
    numbered, not named, and all of one scale from 0 on.
    """
    counted = not names or len({re.sub(r"[0-9]+", "0", name) for name in names}) == 1
    finite = values[np.isfinite(values)]
    if not counted or finite.size < values.size or not finite.size:
        return False
    whole = bool((finite == np.floor(finite)).all())
    return finite.min() >= 0 and (finite.max() <= 1 or (whole and finite.max() <= _BRIGHTEST))


def _lines(uri: str) -> list[str] | None:
    """Return the first lines; None where they are no text in UTF-8."""
    path = open_source(uri).path
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            read = (file.readline(_LONGEST_LINE) for _ in range(_ROWS + 1))
            lines = [line for line in _bounded(read) if line.strip()]
        texts = [line.decode("utf-8-sig").strip("\r\n") for line in lines]
    except UnicodeDecodeError:
        return None
    except (OSError, EOFError) as error:
        raise DataError("not a text table", where=uri, received=error) from error
    if not texts:
        raise DataError("an empty table", where=uri, expected="a record a row")
    return texts


def _bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines until there are some, and enough bytes of them."""
    size = 0
    for count, line in enumerate(lines):
        yield line
        size += len(line)
        if size > _BYTES and count > _FEWEST:
            return


def _header(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of the columns; empty where the first row is like the second."""
    if len(table) < 2:
        return []
    pairs = zip(table[0], table[1], strict=False)
    names = any(number(one) is None and number(two) is not None for one, two in pairs)
    return [name.strip() for name in table[0]] if names else []


def _label(names: Sequence[str], rows: Sequence[Sequence[str]], asked: Asked) -> int | None:
    """Return the label's position: by its name, or the border column that looks like one."""
    if asked.label is not None:
        fitting = [p for p, name in enumerate(names) if asked.label in (name, str(p))]
        given = int(asked.label) if not names and asked.label.isdecimal() else None
        return fitting[0] if fitting else given
    named = [place for place, name in enumerate(names) if name.lower() in LABELS]
    if named:
        return named[0]
    if not rows or len(rows[0]) < 2:
        return None
    last = len(rows[0]) - 1
    kinds = {place: Counter(row[place] for row in rows) for place in (0, last)}
    if any(number(value) is None for value in kinds[last]):
        return last
    if any(number(value) is None for value in kinds[0]):
        return 0
    several = [place for place in (0, last) if len(kinds[place]) > 1]
    even = [place for place in several if _even(kinds[place])]
    return min(even or several, key=lambda place: len(kinds[place]), default=0)


def _even(counts: Counter[str]) -> bool:
    """Whether values are as frequent as classes are: a corner's pixels are nearly all background.

    A column in which most values are rare is one of pixels, too.
    """
    rows = counts.total()
    return max(counts.values()) <= _BACKGROUND * rows and len(counts) * _REPEATED <= rows


def _shape(pixels: int) -> tuple[int | None, int]:
    """Return the side and the channels of a square picture of so many numbers."""
    for channels in (1, 3):
        side = isqrt(pixels // channels)
        if side >= _SMALLEST and side * side * channels == pixels:
            return side, channels
    return None, 1


def _values(rows: Sequence[Sequence[str]], label: int) -> npt.NDArray[np.float64]:
    """Return the pixels ``(rows, columns)``; what is no number is NaN."""
    place = label % len(rows[0])
    kept = ([*row[:place], *row[place + 1 :]] for row in islice(rows, _ROWS))
    return np.array([[_number(field) for field in row] for row in kept], np.float64)


def _number(field: str) -> float:
    value = number(field)
    return np.nan if value is None else value


def _white(values: npt.NDArray[np.float64]) -> float | None:
    """Return the number that stands for white; None for 255."""
    finite = values[np.isfinite(values)]
    highest = float(finite.max()) if finite.size else 255.0
    return next((float(level) for level in (1, 16) if highest <= level), None)


def _planar(values: npt.NDArray[np.float64], side: int) -> bool:
    """Whether neighbours are more alike if the three colours lie one after the other."""
    planes = values.reshape(len(values), 3, side, side)
    mixed = values.reshape(len(values), side, side, 3).transpose(0, 3, 1, 2)
    steps = [np.nanmean(np.abs(np.diff(cube, axis=3))) for cube in (planes, mixed)]
    return bool(steps[0] <= steps[1])
