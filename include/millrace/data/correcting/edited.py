"""`read_edited`: the rows of a folder that a person worked in. Trusts no name in it.

Every mistake is collected, so that one reading names them all; nothing is compared with records.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from millrace.data.correcting.export import RECORDS
from millrace.errors import DataError

_SHOWN = 5
_DELIMITERS = ",;\t"
_MOST_BYTES = 256 << 20  # of a file


@dataclass(frozen=True)
class EditedRow:
    """A row of `records.csv`.

    Attributes:
        line: of the file, from 1.
        label: as it stands; None where the cell is empty: it stays as it was.
        file: an existing file inside the folder; None where the cell is empty: the content stays.
    """

    line: int
    record_id: str
    label: str | None
    file: Path | None

    @property
    def place(self) -> str:
        """Where a mistake in the row is."""
        return f"line {self.line}"


def read_edited(folder: Path) -> list[EditedRow]:
    """Return the rows of the folder's `records.csv`; columns other than three are not looked at.

    Commas, semicolons or tabs may separate the cells: whatever a spreadsheet made of them.

    Raises:
        DataError: there is no such file, it is not UTF-8 CSV with a column `record_id`, a record
            stands twice, or a file is missing or lies outside the folder; every place is named.
    """
    path = folder / RECORDS
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            "the corrected records cannot be read",
            where=path,
            expected=f"a folder that `millrace quarantine export` made, with {RECORDS} in UTF-8",
            received=getattr(error, "strerror", None) or error,
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    header = _header(reader)
    if "record_id" not in header:
        raise DataError(
            "a column is missing",
            where=f"{path}, line 1",
            expected="record_id, label, file",
            received=header,
        )
    problems: list[str] = []
    rows = list(_rows(folder, reader, problems))
    refuse(path, problems)
    return rows


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise `DataError` that names the first problems, unless there are none."""
    if not problems:
        return
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    raise DataError(
        f"{len(problems)} {'row is' if len(problems) == 1 else 'rows are'} wrong: "
        + "; ".join(problems[:_SHOWN])
        + more,
        where=path,
        remedy="Correct or delete these rows; nothing was recorded.",
    )


def _header(reader: csv.DictReader[str]) -> Sequence[str]:
    try:
        return list(reader.fieldnames or ())
    except csv.Error:
        return []


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _rows(folder: Path, reader: csv.DictReader[str], problems: list[str]) -> Iterator[EditedRow]:
    seen: set[str] = set()
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problems.append(f"line {reader.line_num}: {error}")
            return
        if cells is None:
            return
        identity = cells.get("record_id") or ""
        place = f"line {reader.line_num}"
        if None in cells:
            problems.append(f"{place}: more cells than the header has columns")
        elif not identity.strip():
            problems.append(f"{place}: no record_id")
        elif identity in seen:
            problems.append(f"{place}: {identity} stands twice")
        else:
            seen.add(identity)
            label = (cells.get("label") or "").strip() or None
            file = _file(folder, (cells.get("file") or "").strip(), place, problems)
            yield EditedRow(reader.line_num, identity, label, file)


def _file(folder: Path, name: str, place: str, problems: list[str]) -> Path | None:
    """Return the file that a cell names, or None; says what is wrong with it."""
    if not name:
        return None
    path = folder / name
    if PurePath(name).is_absolute() or not _inside(path, folder):
        problems.append(f"{place}: the file {name!r} is outside the folder")
    elif not _is_file(path):
        problems.append(f"{place}: there is no file {name!r}; empty the cell to keep the content")
    elif path.stat().st_size > _MOST_BYTES:
        problems.append(f"{place}: the file {name!r} is larger than {_MOST_BYTES >> 20} MiB")
    else:
        return path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL
        return False
