"""`labels_of`: labels of DICOM records from a CSV file whose keys are names or UIDs of originals.

Keys are turned into pseudonyms as they are read; no error or log shows one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from millrace.data.dicom.scan import Scan
from millrace.data.sources.cache import cached_in, private_folder
from millrace.data.sources.discreet import discreet
from millrace.data.sources.files import open_source
from millrace.data.sources.labels_file_columns import Columns, Names, Wanted, choose_columns
from millrace.data.sources.labels_file_names import PictureNames
from millrace.data.sources.labels_file_rows import LARGEST, Row, parse_rows
from millrace.errors import DataError
from millrace.privacy.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)

_SHOWN = 5
_KINDS = {"instance": "instance", "series": "series", "study": "exam", "patient": "patient"}


class Labels:
    """Labels by key.

    Args:
        by: ``file``, or the attribute of a scan that keys are pseudonyms of.
        labels: by that key.
    """

    def __init__(self, by: str, labels: Mapping[str, str | None]) -> None:
        self._by = by
        self._labels = labels

    def of(self, name: str, scan: Scan) -> str | None:
        """Return the label of a file; None where no row names it."""
        return self._labels.get(name if self._by == "file" else str(getattr(scan, self._by)))


def labels_of(
    document: Mapping[str, Any], scans: Mapping[str, Scan], pseudonyms: Pseudonyms
) -> Labels | None:
    """Return the labels that the source's file tells; None where it has no file.

    Args:
        document: of the source. scans: images by their files' names.

    Raises:
        DataError: the file cannot be read, a row names several files, two rows give one thing
            different labels, or rows name nothing and the spec refuses that.
    """
    if document["labels"] is None:
        return None
    with (
        private_folder() as folder,
        cached_in(folder),
        open_source(document["labels"]).path.open("rb") as opened,
    ):
        data = opened.read(LARGEST + 1)
    where = f"source {document['name']}: the file of labels"
    by = document["labels_by"]
    names = names_by(by, scans, pseudonyms)
    with discreet(where):
        rows = parse_rows(data, where)
        wanted = Wanted(document["key_column"], document["label_column"])
        columns = choose_columns(rows, wanted, names, where)
    labels, missing = _read(rows[columns.header :], columns, names, where)
    _tell(document, scans, Labels(by, labels), missing, where)
    return Labels(by, labels)


def names_by(by: str, scans: Mapping[str, Scan], pseudonyms: Pseudonyms) -> Names:
    """Return what finds the things that keys of one kind name: files, or pseudonyms.

    Args:
        by: kind of keys, as `labels_by` of a source. scans: images by their files' names.
    """
    if by == "file":
        return PictureNames(sorted(scans))
    return _Pseudonymised({str(getattr(s, by)) for s in scans.values()}, by, pseudonyms)


class _Pseudonymised:
    """Finds what a cell names by its pseudonym."""

    def __init__(self, known: set[str], by: str, pseudonyms: Pseudonyms) -> None:
        self._known = known
        self._kind = _KINDS[by]
        self._pseudonyms = pseudonyms

    def find(self, cell: str) -> Sequence[str]:
        """Return the pseudonym of a cell's value where something has it."""
        found = self._pseudonyms.name(self._kind, cell)
        return (found,) if found in self._known else ()


def _read(
    rows: Sequence[Row], columns: Columns, names: Names, where: str
) -> tuple[dict[str, str | None], int]:
    """Return labels by key, and the number of rows that name nothing."""
    labels: dict[str, str | None] = {}
    ambiguous, contradicting, missing = [], [], 0
    for row in rows:
        found, label = names.find(row.cells[columns.file]), row.cells[columns.label] or None
        if len(found) > 1:
            ambiguous.append(row.line)
        elif not found:
            missing += 1
        elif labels.setdefault(found[0], label) != label:
            contradicting.append(row.line)
    _refuse("names more than one file", ambiguous, where)
    _refuse("gives another label than an earlier row about the same thing", contradicting, where)
    return labels, missing


def _refuse(problem: str, lines: Sequence[int], where: str) -> None:
    if lines:
        shown = ", ".join(map(str, lines[:_SHOWN]))
        raise DataError(
            f"a row {problem}",
            where=where,
            expected="one row for each file, instance, series, study or patient",
            received=f"{len(lines):,} such rows, on lines {shown}",
            remedy="Correct the file.",
        )


def _tell(
    document: Mapping[str, Any],
    scans: Mapping[str, Scan],
    labels: Labels,
    missing: int,
    where: str,
) -> None:
    """Say how many labels and images have no counterpart, or refuse it."""
    without = sum(labels.of(name, scan) is None for name, scan in scans.items())
    if missing and document["missing_labels"] == "refuse":
        raise DataError(
            "rows of the file of labels name nothing that exists",
            where=where,
            expected=f"keys of `labels_by: {document['labels_by']}`",
            received=f"{missing:,} such rows",
            remedy="Correct the file or `labels_by`; `missing_labels: ignore` leaves them out.",
        )
    log.info(
        "%s: %d of %d images have a label, %d have none; %d rows name nothing that exists",
        *(where, len(scans) - without, len(scans), without, missing),
    )
