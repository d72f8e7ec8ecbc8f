"""`export`: refused records into a folder that a person can work in. Overwrites nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.data.modality import Modality
from millrace.errors import DataError, TransientError

RECORDS = "records.csv"
COLUMNS = ("record_id", "label", "reason", "detail", "file")

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 60  # characters of a file name that tell the record


def export(folder: Path, tables: Iterable[pa.Table], modality: Modality) -> int:
    """Write `records.csv` and a file a record; return the number of records.

    Args:
        folder: new or empty.
        tables: refused records, with their content. modality: of them.

    Raises:
        DataError: the folder holds something, or is a file.
        TransientError: it cannot be written.
    """
    _check_empty(folder)
    rows = 0
    try:
        (folder / modality.files).mkdir(parents=True)
        with (folder / RECORDS).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for table in tables:
                for record in table.to_pylist():
                    rows += 1
                    name = _write_file(folder, rows, record, modality)
                    writer.writerow([*(record[column] for column in COLUMNS[:-1]), name])
    except OSError as error:
        raise TransientError("cannot write the records", where=folder, received=error) from error
    return rows


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or list(folder.iterdir())):
        raise DataError(
            "records are only written to a new or empty folder",
            where=folder,
            received="a folder that holds files" if folder.is_dir() else "a file",
            remedy="Name another folder, so that no correction of yours is overwritten.",
        )


def _write_file(folder: Path, number: int, record: dict[str, Any], modality: Modality) -> str:
    """Write a record's content; return its name in the folder, "" where there is none."""
    made = modality.as_file((record["content"], record["encoding"]), record["origin"])
    if made is None:
        return ""
    data, suffix = made
    told = _UNSAFE.sub("_", record["record_id"]).strip("._")
    told = told.removesuffix(suffix)[-_LONGEST:].lstrip("._-")
    path = folder / modality.files / f"{number:06d}-{told}{suffix}"
    path.write_bytes(data)
    return path.relative_to(folder).as_posix()
