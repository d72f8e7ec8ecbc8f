"""`read_labels`: pictures' labels and groups from a CSV file; no row is lost in silence."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence

from millrace.data.sources.labels_file_columns import Columns, Wanted, choose_columns
from millrace.data.sources.labels_file_names import PictureNames
from millrace.data.sources.labels_file_rows import Row, parse_rows
from millrace.errors import DataError

log = logging.getLogger(__name__)

_SHOWN = 3
_OPEN_QUOTE = "has a label of several lines: a quote is not closed"
_AMBIGUOUS = "names more than one picture"
_CONTRADICTING = "contradicts an earlier row about the same picture"
_MISSING = "names a picture that does not exist"

Labelled = tuple[str | None, str | None]
"""A picture's label and group."""


def read_labels(
    data: bytes, file: str, names: Sequence[str], wanted: Wanted, *, refuse_missing: bool
) -> Mapping[str, Labelled]:
    """Return label and group by picture; pictures that the file does not name are left out.

    Args:
        data: the file's content. file: what errors call it.
        names: of all pictures.
        wanted: the spec's columns.
        refuse_missing: whether a row for a picture that does not exist is an error.

    Raises:
        DataError: the file cannot be read, a row names no picture or several, or two rows give a
            picture different labels.
    """
    rows, pictures = parse_rows(data, file), PictureNames(names)
    columns = choose_columns(rows, wanted, pictures, file)
    labels: dict[str, Labelled] = {}
    wrong: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows[columns.header :]:
        found, labelled = pictures.find(row.cells[columns.file]), _labelled(row, columns)
        if any("\n" in text for text in labelled if text):
            wrong[_OPEN_QUOTE].append(row)
        elif len(found) != 1:
            wrong[_AMBIGUOUS if found else _MISSING].append(row)
        elif labels.setdefault(found[0], labelled) != labelled:
            wrong[_CONTRADICTING].append(row)
    missing = len(wrong[_MISSING])
    if not refuse_missing:
        del wrong[_MISSING]
    for problem, rows_of_it in wrong.items():
        _refuse(problem, rows_of_it, columns, file)
    log.info(
        "%s: labels for %d of %d pictures; %d rows name a picture that does not exist",
        *(file, sum(label is not None for label, _ in labels.values()), len(names), missing),
    )
    return labels


def _labelled(row: Row, columns: Columns) -> Labelled:
    group = None if columns.group is None else row.cells[columns.group]
    return row.cells[columns.label] or None, group or None


def _refuse(problem: str, rows: Sequence[Row], columns: Columns, file: str) -> None:
    if not rows:
        return
    shown = ", ".join(f"{row.cells[columns.file]!r} on line {row.line}" for row in rows[:_SHOWN])
    raise DataError(
        f"a row of the file of labels {problem}",
        where=file,
        expected="one row a picture, by its path or a name that no other has",
        received=f"{len(rows):,} such rows: {shown}",
        remedy="Correct the file; `missing_files: ignore` leaves out rows without a picture."
        if problem == _MISSING
        else "Correct the file.",
    )
