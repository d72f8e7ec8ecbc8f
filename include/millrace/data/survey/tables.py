"""Text tables and Parquet files: which column is the label, how the pixels lie, what is white."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from math import isqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.data.sources.files import open_source
from millrace.data.sources.image_csv_dialect import fields, number
from millrace.data.survey.found import Found, source
from millrace.errors import DataError

_ROWS = 1_000  # that are looked at
_LABELS = ("label", "labels", "class", "target", "y", "category", "species", "digit")
_IMAGES = ("image", "img", "images", "picture", "photo", "pixels")
_DELIMITERS = ",;\t| "
_LONGEST_LINE = 1 << 20
_BACKGROUND = 0.8  # share of one value above which a column is hardly of labels
_REPEATED = 3  # rows of a class, on average, at least


def find_csv(uri: str, stem: str) -> Found:
    """Return the source of a table with one picture a row.

    Raises:
        DataError: its rows are not pictures with a label.
    """
    lines = _lines(uri)
    delimiter = max(_DELIMITERS, key=lines[0].count) if lines else ","
    table = [fields(line, delimiter) for line in lines]
    names = _header(table)
    rows = [row for row in (table[1:] if names else table) if len(row) == len(table[0])]
    columns = len(table[0]) if table else 0
    label = _label(names, rows)
    pixels = columns - 1
    side, channels = _shape(pixels)
    if label is None or side is None:
        raise DataError(
            "a table whose rows are not pictures",
            where=uri,
            expected="a label and the pixels of a square picture in every row",
            received=f"{columns} columns",
            remedy="If its rows name picture files, name the folder of the pictures instead; if "
            "the pictures are not square, write the spec by hand with `size`.",
        )
    values = _values(rows, label)
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


def find_parquet(uri: str, stem: str, sample: str) -> Found:
    """Return the source of Parquet files.

    Args:
        sample: one of the files.

    Raises:
        DataError: it has no column of pictures.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(open_source(sample).path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError("not a readable Parquet file", where=sample, received=error) from error
    pictures = [f.name for f in schema if _holds_pictures(f.type)]
    if not pictures:
        raise DataError(
            "no column of pictures",
            where=sample,
            expected="picture files (binary, or a struct with `bytes`), or lists of pixels",
            received=", ".join(f"{field.name}: {field.type}" for field in schema)[:200],
        )
    image = next((n for n in pictures if n.lower() in _IMAGES), pictures[0])
    others = [field.name for field in schema if field.name not in pictures]
    label = next((n for n in others if n.lower() in _LABELS), others[0] if others else None)
    document = source(stem, "parquet", uri=uri, image=image)
    document["label"] = label
    return Found("Parquet", (document,))


def _holds_pictures(kind: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(kind.field(i).name == "bytes" for i in range(kind.num_fields))
    kinds = pa.types
    lists = (kinds.is_list, kinds.is_large_list, kinds.is_fixed_size_list)
    return any(fits(kind) for fits in (*lists, kinds.is_binary, kinds.is_large_binary))


def _lines(uri: str) -> list[str]:
    path = open_source(uri).path
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            read = (file.readline(_LONGEST_LINE) for _ in range(_ROWS + 1))
            lines = [line for line in read if line.strip()]
        texts = [line.decode("utf-8-sig").strip("\r\n") for line in lines]
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError("not a text table", where=uri, received=error) from error
    if not texts:
        raise DataError("an empty table", where=uri, expected="a picture a row")
    return texts


def _header(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the names of the columns; empty where the first row is like the second."""
    if len(table) < 2:
        return []
    pairs = zip(table[0], table[1], strict=False)
    names = any(number(one) is None and number(two) is not None for one, two in pairs)
    return [name.strip() for name in table[0]] if names else []


def _label(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int | None:
    """Return the label's position: by its name, or the border column that looks like one."""
    named = [place for place, name in enumerate(names) if name.lower() in _LABELS]
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
        if side > 1 and side * side * channels == pixels:
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
