"""`choose_columns`: which columns of a file of labels hold files, labels and groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from millrace.data.sources.labels_file_rows import Row
from millrace.data.sources.listing_names import is_picture
from millrace.errors import DataError

Column = str | int

_FILES = frozenset(
    [
        *("file", "filename", "file_name", "name", "path", "id"),
        *("image", "image_id", "image_name", "image_path", "img", "picture"),
    ]
)
_LABELS = frozenset(
    ["label", "labels", "class", "class_name", "category", "target", "y", "species", "diagnosis"]
)
_SAMPLE = 500  # rows that the choice looks at


class Names(Protocol):
    """What cells of a column of files can name."""

    def find(self, cell: str) -> Sequence[str]:
        """Return what `cell` names; several where it could be any of them."""


@dataclass(frozen=True)
class Wanted:
    """What a spec says of the columns, by name or position; None where it says nothing."""

    file: Column | None = None
    label: Column | None = None
    group: Column | None = None


@dataclass(frozen=True)
class Columns:
    """Positions of the columns, from 0, and whether the first row is a header."""

    file: int
    label: int
    group: int | None
    header: bool


def choose_columns(rows: Sequence[Row], wanted: Wanted, pictures: Names, file: str) -> Columns:
    """Return the columns that are asked for, and find those that are not.

    A column of files is the one whose cells name the most pictures; a column of labels is the one
    named like it, else the only other one.

    Raises:
        DataError: a column does not exist, or the label's cannot be told.
    """
    header = rows[0].cells
    files = _at(wanted.file, header, file)
    files = _most_pictures(rows, pictures) if files is None else files
    label, group = (_at(column, header, file) for column in (wanted.label, wanted.group))
    if label is None:
        label = _label(header, {files, group}, file)
    named = any(isinstance(c, str) for c in (wanted.file, wanted.label, wanted.group))
    return Columns(files, label, group, named or _is_header(header, files, pictures))


def _at(column: Column | None, header: Sequence[str], file: str) -> int | None:
    """Return the position of a column that the spec names."""
    if column is None:
        return None
    if isinstance(column, int):
        if -len(header) <= column < len(header):
            return column % len(header)
    else:
        names = [name.casefold() for name in header]
        if names.count(column.strip().casefold()) == 1:
            return names.index(column.strip().casefold())
    raise DataError(
        "the file of labels has no such column",
        where=file,
        expected=f"one of {len(header)} columns: {', '.join(header)}",
        received=column,
        remedy="Correct the name or position in the spec; positions count from 0.",
    )


def _most_pictures(rows: Sequence[Row], pictures: Names) -> int:
    def score(at: int) -> tuple[int, bool, int]:
        cells = {row.cells[at] for row in rows[:_SAMPLE]}
        found = {names[0] for cell in cells if len(names := pictures.find(cell)) == 1}
        return len(found), rows[0].cells[at].casefold() in _FILES, -at

    return max(range(len(rows[0].cells)), key=score)


def _label(header: Sequence[str], taken: set[int | None], file: str) -> int:
    others = [at for at in range(len(header)) if at not in taken]
    named = [at for at in others if header[at].casefold() in _LABELS]
    for found in (named, others):
        if len(found) == 1:
            return found[0]
    raise DataError(
        "it cannot be told which column holds the labels",
        where=file,
        expected="a column named label, or two columns",
        received=f"{len(header)} columns: {', '.join(header)}",
        remedy="Set label_column to the column's name or position, from 0.",
    )


def _is_header(first: Sequence[str], files: int, pictures: Names) -> bool:
    """Whether the first row names columns: no cell names a picture, or could."""
    cell = first[files]
    return not (pictures.find(cell) or is_picture(cell, None) or cell.isdigit())
