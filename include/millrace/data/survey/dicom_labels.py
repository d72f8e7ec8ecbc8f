"""`find_labels`: which CSV file beside DICOM images holds their labels, and by which columns.

No cell of a file is shown or kept but names of columns, where they are sure to be some.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from millrace.data.dicom.scan import Scan
from millrace.data.sources.dicom_labels import names_by
from millrace.data.sources.discreet import discreet
from millrace.data.sources.files import open_source
from millrace.data.sources.labels_file_columns import Names
from millrace.data.sources.labels_file_rows import LARGEST, Row, parse_rows
from millrace.errors import DataError
from millrace.privacy.pseudonyms import Pseudonyms

KINDS = ("file", "instance", "series", "study", "patient")
"""What rows of a file of labels may name, the finest first; see `DicomSource.labels_by`."""

_WHERE = "the file of labels beside the images"
_SAMPLE = 2_000  # rows that are looked at
_NEARLY = 0.9  # of the rows that the best column names: a finer one that names as many is taken
_MOST_CLASSES = 50
_DATE = re.compile(r"\d{4}([-./]?)\d{1,2}\1\d{1,2}.*|\d{1,2}([-./])\d{1,2}\2\d{2,4}.*")
_KEYS = frozenset(
    (
        *("file", "filename", "name", "path", "id", "image", "imageid", "slice", "sliceid", "uid"),
        *("instance", "instanceuid", "sopinstanceuid", "sop", "sopuid"),
        *("series", "seriesuid", "seriesid", "seriesinstanceuid"),
        *("study", "studyuid", "studyid", "studyinstanceuid", "exam", "examid"),
        *("patient", "patientid", "pid", "subject", "subjectid", "case", "caseid"),
    )
)
_LABELS = frozenset(
    ("label", "labels", "class", "category", "target", "y", "diagnosis", "finding", "outcome")
)


@dataclass(frozen=True)
class LabelFile:
    """A file of labels.

    Attributes:
        uri: of it. by: what its rows name, one of `KINDS`.
        key, label: its columns, by name or by position.
        rows: of those looked at, that name an image.
    """

    uri: str
    by: str
    key: str | int
    label: str | int
    rows: int


@dataclass(frozen=True)
class _Keys:
    by: str
    column: int
    names: Names
    rows: int


def find_labels(
    uris: Sequence[str],
    scans: Mapping[str, Scan],
    pseudonyms: Pseudonyms,
    label: str | None = None,
) -> LabelFile | None:
    """Return the file whose rows name the most images; None where none names any.

    Args:
        uris: of CSV files. scans: images by their files' names.
        label: column of labels that a person asked for, by name or position.

    Raises:
        DataError: the only file cannot be read, or it cannot be told which column holds labels.
    """
    finders = {by: names_by(by, scans, pseudonyms) for by in KINDS}
    best: tuple[str, list[Row], list[_Keys]] | None = None
    for uri in uris:
        rows = _rows(uri, alone=len(uris) == 1)
        keys = list(_keys(rows, finders))
        if keys and (best is None or keys[0].rows > best[2][0].rows):
            best = uri, rows, keys
    if best is None:
        return None
    uri, rows, keys = best
    chosen = min(
        (one for one in keys if one.rows >= _NEARLY * keys[0].rows),
        key=lambda one: (KINDS.index(one.by), -one.rows, one.column),
    )
    first = rows[0].cells
    told = not chosen.names.find(first[chosen.column]) and _plain(first[chosen.column]) in _KEYS
    people = _people(rows, chosen, scans)
    column = _label_column(rows, {one.column for one in keys}, people, label, header=told)
    return LabelFile(
        uri,
        chosen.by,
        _called(first, chosen.column, told=told),
        _called(first, column, told=told),
        chosen.rows,
    )


def _rows(uri: str, *, alone: bool) -> list[Row]:
    """Return the rows to look at; none of a file that is no CSV, unless there is no other."""
    try:
        with discreet(_WHERE), open_source(uri).path.open("rb") as opened:
            return parse_rows(opened.read(LARGEST + 1), _WHERE)[:_SAMPLE]
    except DataError:
        if alone:
            raise
        return []


def _keys(rows: Sequence[Row], finders: Mapping[str, Names]) -> Iterator[_Keys]:
    """Yield the columns that name something, those that name it in the most rows first."""
    found = []
    for column in range(len(rows[0].cells) if rows else 0):
        cells = [row.cells[column] for row in rows]
        for by, names in finders.items():
            known = {cell for cell in set(cells) if len(names.find(cell)) == 1}
            count = sum(cell in known for cell in cells)
            if count:
                found.append(_Keys(by, column, names, count))
    most = max((one.rows for one in found), default=0)
    yield from sorted((one for one in found if 2 * one.rows >= most), key=lambda one: -one.rows)


def _people(rows: Sequence[Row], keys: _Keys, scans: Mapping[str, Scan]) -> list[str | None]:
    """Return the patient of each row, by pseudonym; None where it names no image."""
    patients = {
        name if keys.by == "file" else str(getattr(scan, keys.by)): scan.patient
        for name, scan in scans.items()
    }
    found = [keys.names.find(row.cells[keys.column]) for row in rows]
    return [patients.get(names[0]) if len(names) == 1 else None for names in found]


def _label_column(
    rows: Sequence[Row],
    taken: set[int],
    people: Sequence[str | None],
    wanted: str | None,
    *,
    header: bool,
) -> int:
    """Return the column of labels: the one asked for, the one named like it, or the only one whose
    values repeat, and over patients: what tells patients apart, as a name does, is none.
    """
    first, start = rows[0].cells, 1 if header else 0
    if wanted is not None:
        return _asked(first, wanted)
    others = [at for at in range(len(first)) if at not in taken]
    named = [at for at in others if header and _plain(first[at]) in _LABELS]
    cells = {at: [row.cells[at] for row in rows[start:]] for at in others}
    classes = [at for at in others if _tells_classes(cells[at])]
    shared = [at for at in classes if _is_shared(cells[at], people[start:])]
    for found in ([at for at in named if at in classes], shared):
        if len(found) == 1:
            return found[0]
    raise DataError(
        "it cannot be told which column holds the labels",
        where=_WHERE,
        expected=f"a column named label, or only one of 2 to {_MOST_CLASSES} values that repeat, "
        "each in several patients",
        received=f"{len(first)} columns, {len(shared)} of them like labels",
        remedy="Name it with --label, by its name or its position from 0.",
    )


def _is_shared(cells: Sequence[str], people: Sequence[str | None]) -> bool:
    """Whether a value is said of several patients."""
    by_value: defaultdict[str, set[str]] = defaultdict(set)
    for cell, patient in zip(cells, people, strict=True):
        if cell and patient is not None:
            by_value[cell].add(patient)
    return any(len(patients) > 1 for patients in by_value.values())


def _tells_classes(cells: Sequence[str]) -> bool:
    values = {cell for cell in cells if cell}
    dates = all(_DATE.fullmatch(value) for value in values)
    return not dates and 2 <= len(values) <= min(_MOST_CLASSES, max(2, len(cells) // 2))


def _asked(first: Sequence[str], wanted: str) -> int:
    names = [cell.casefold() for cell in first]
    if names.count(wanted.casefold()) == 1:
        return names.index(wanted.casefold())
    if wanted.isascii() and wanted.isdigit() and int(wanted) < len(first):
        return int(wanted)
    raise DataError(
        "the file of labels has no such column",
        where=_WHERE,
        expected=f"one of {len(first)} columns, by name or position from 0",
        received=wanted,
    )


def _called(first: Sequence[str], column: int, *, told: bool) -> str | int:
    """Return a column's name where the first row surely holds names, else its position."""
    names = [cell.casefold() for cell in first]
    name = first[column]
    return name if told and name and names.count(name.casefold()) == 1 else column


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
