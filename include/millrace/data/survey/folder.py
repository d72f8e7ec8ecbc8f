"""`find_folder`: what a local folder is: files that are records each, or files that hold many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from millrace.data.sources.folder_tree import is_archive
from millrace.data.sources.listing_names import is_hidden, is_picture
from millrace.data.survey.contents import is_no_data
from millrace.data.survey.file import (
    HDF5,
    LABELS,
    MAILBOXES,
    OBJECTS,
    PAIRS,
    TABLES,
    find_file,
    find_idx,
    is_idx,
)
from millrace.data.survey.files import find_files
from millrace.data.survey.found import SIDES, Asked, Found
from millrace.data.survey.parquet import find_parquet
from millrace.errors import DataError

_SHOWN = 8  # names in an error


def find_folder(uri: str, path: Path, asked: Asked) -> Found | Sequence[str]:
    """Return the sources of a folder, or the names of several files in it that are one data set.

    Raises:
        DataError: it holds nothing that a source could read.
    """
    names = sorted(entry.name for entry in path.iterdir() if entry.is_file())
    stem = path.resolve().name or "data"

    def inside(name: str) -> str:
        return f"{uri.rstrip('/')}/{name}"

    images = [name for name in names if is_idx(name)]
    if images and asked.allows("image"):
        found = tuple(find_idx(inside(name)) for name in images)
        return Found("IDX files, as MNIST has them", found)
    if any(name.endswith(".parquet") for name in names):
        sample = next(name for name in names if name.endswith(".parquet"))
        return find_parquet(uri, stem, inside(sample), asked)
    alone = _holders(names) or _lone_data(names)
    folders = any(entry.is_dir() and not is_hidden(entry.name) for entry in path.iterdir())
    if len(alone) == 1 and not folders:
        return find_file(inside(alone[0]), path / alone[0], asked)
    if len(alone) > 1 and not folders and all(map(_is_container, alone)):
        return alone
    tables = _tables(names)
    if len(tables) > 1 and not folders and all(map(_tells_a_side, tables)):
        return tables
    try:
        return find_files(uri, stem, asked, inside(LABELS) if LABELS in names else None)
    except DataError as error:
        if len(alone) == 1:
            return find_file(inside(alone[0]), path / alone[0], asked)
        if len(tables) > 1:
            raise _several(uri, tables) from error
        raise


def _tells_a_side(name: str) -> bool:
    """Whether a table is called for its part of the data, such as ``train.csv``."""
    return any(word in SIDES for word in re.split(r"[^a-z0-9]+", name.lower()))


def _several(where: str, tables: Sequence[str]) -> DataError:
    more = f" and {len(tables) - _SHOWN:,} more" if len(tables) > _SHOWN else ""
    return DataError(
        "several tables in one folder",
        where=where,
        expected="one, or some that are called for their side, such as train.csv and test.csv",
        received=f"{', '.join(tables[:_SHOWN])}{more}",
        remedy="Name the one that holds the data; --from may be given several times.",
    )


def _tables(names: Sequence[str]) -> list[str]:
    return [n for n in names if n.lower().endswith((*TABLES, *OBJECTS)) and n != LABELS]


def _lone_data(names: Sequence[str]) -> list[str]:
    """Return the only file that is no picture and no description of others."""
    data = [name for name in names if not (is_hidden(name) or is_no_data(name))]
    return data if len(data) == 1 and not is_picture(data[0], None) else []


def _is_container(name: str) -> bool:
    return is_archive(name) or name.lower().endswith(MAILBOXES)


def _holders(names: Sequence[str]) -> list[str]:
    """Return the files that hold many records: archives and arrays, or else tables."""
    many = (".npz", *HDF5)
    found = [name for name in names if _is_container(name) or name.lower().endswith(many)]
    found += [name for name in names if name.endswith(".npy") and _has_labels(name, names)]
    tables = _tables(names)
    return found or ([] if len(tables) > 1 else tables)


def _has_labels(name: str, names: Sequence[str]) -> bool:
    return any(name.replace(old, new, 1) in names for old, new in PAIRS if old in name)
