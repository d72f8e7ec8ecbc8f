"""Folders, archives and buckets of picture files: where the classes and the sides begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from millrace.data.sources.folder_tree import open_tree
from millrace.data.survey.found import SIDES, Found, side_of, source
from millrace.errors import DataError

_MOST = 200_000  # names that are looked at
_DEEPEST = 4  # folders around the classes

FIELDS: Mapping[str, Any] = {
    "folder": "",
    "labels": None,
    "file_column": None,
    "label_column": None,
    "group_column": None,
    "missing_files": "refuse",
    "pattern": None,
    "sha256": None,
}
"""Fields of an `image_folder` source as they are unless a spec says otherwise."""


def find_pictures(
    uri: str, stem: str, labels: str | None = None, *, place: str = "folder"
) -> Found:
    """Return the sources of a folder, archive or bucket of pictures.

    Args:
        uri: of it. stem: what it is called. labels: of a CSV file that lies elsewhere.
        place: what it is, in a word.

    Raises:
        DataError: it holds no picture.
    """
    names = _names({"name": "look", "kind": "image_folder", "uri": uri, **FIELDS})
    if not names:
        raise DataError(
            "no picture was found",
            where=uri,
            expected="PNG, JPEG, BMP, TIFF, WebP or GIF files, or a table or arrays of pixels",
            remedy="Name the folder, archive or file that holds the pictures.",
        )
    if labels is not None:
        found = source(stem, "image_folder", uri=uri, labels=labels)
        return Found(f"{_an(place)} of pictures with a file of labels", (found,))
    folder, inner = _descend(names)
    sides = sorted({name.split("/")[0] for name in inner if "/" in name})
    if len(sides) > 1 and all(side.lower() in SIDES for side in sides):
        words = f"{_an(place)} of pictures, a folder a side, in it one a class"
        return Found(words, _by_side(uri, stem, folder, sides))
    flat = not any("/" in name for name in inner)
    document = source(stem, "image_folder", uri=uri, folder=None if flat else folder or None)
    words = "without subfolders" if flat else "a class a subfolder"
    return Found(f"{_an(place)} of pictures, {words}", (document,))


def _an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _names(document: Mapping[str, Any]) -> list[str]:
    return [entry.name for entry in islice(open_tree(document).entries(), _MOST)]


def _descend(names: Sequence[str]) -> tuple[str, list[str]]:
    """Return the folder that the classes' folders are in, and the names below it."""
    folder: list[str] = []
    inner = list(names)
    for _ in range(_DEEPEST):
        first = {PurePosixPath(name).parts[0] for name in inner}
        deeper = all(name.count("/") >= 2 for name in inner)
        if len(first) > 1 or not deeper:
            break
        (name,) = first
        folder.append(name)
        inner = [one[len(name) + 1 :] for one in inner]
    return "/".join(folder), inner


def _by_side(
    uri: str, stem: str, folder: str, sides: Sequence[str]
) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        source(
            f"{stem}_{side}",
            "image_folder",
            side_of(side),
            uri=uri,
            folder="/".join(part for part in (folder, side) if part),
        )
        for side in sides
    )
