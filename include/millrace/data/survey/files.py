"""Folders, archives and buckets of files, one a record: what they are, where classes and sides
begin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from millrace.data.sources.folder_tree import open_tree
from millrace.data.survey.contents import MESSAGES, PICTURES, TEXTS, Sorted, sort_files
from millrace.data.survey.found import SIDES, Asked, Found, side_of, source
from millrace.data.survey.labels import label_map
from millrace.errors import DataError, shorten

_MOST = 200_000  # names that are looked at
_DEEPEST = 4  # folders around the classes
_MIXED = 0.02  # share of other files that is worth a note
_MAILDIR = frozenset(("cur", "new", "tmp"))
_KINDS = {PICTURES: "image_folder", TEXTS: "text_folder", MESSAGES: "email"}
_MODALITIES = {PICTURES: "image", TEXTS: "text", MESSAGES: "text"}
_PATTERN = "*.txt"  # of a `text_folder`, unless a spec says otherwise

Document = Mapping[str, Any]


def find_files(
    uri: str, stem: str, asked: Asked, labels: str | None = None, *, place: str = "folder"
) -> Found:
    """Return the sources of a folder, archive or bucket of files, one a record.

    Args:
        uri: of it. stem: what it is called.
        labels: of a CSV file of labels of pictures, that lies elsewhere.
        place: what it is, in a word.

    Raises:
        DataError: it holds no picture, text or e-mail.
    """
    tree = open_tree(
        {"name": "look", "uri": uri, "folder": "", "sha256": None, "pattern": "*"},
    )
    sorted_ = sort_files(tree, _MOST)
    kind = _chosen(sorted_, asked, uri)
    names = sorted_.names[kind]
    if place == "archive" and kind == TEXTS and len(names) == 1:
        raise _packed_table(uri, names[0])
    notes = tuple(_mixed(sorted_, kind, asked))
    words, modality = f"{_an(place)} of {kind}", _MODALITIES[kind]
    if labels is not None and kind == PICTURES:
        found = source(stem, "image_folder", uri=uri, labels=labels)
        return Found(f"{words} with a file of labels", (found,), modality, notes)
    folder, inner = _descend(names)
    fields = {"uri": uri, "pattern": _pattern(names) if kind == TEXTS else None}
    sides = sorted({name.split("/")[0] for name in inner if "/" in name})
    if len(sides) > 1 and all(side.lower() in SIDES for side in sides):
        found_sides = _by_side(stem, _KINDS[kind], folder, sides, fields)
        return Found(f"{words}, a folder a side, in it one a class", found_sides, modality, notes)
    classes = {name.split("/")[0] for name in inner if "/" in name}
    flat = not classes or (kind == MESSAGES and classes <= _MAILDIR)
    mapped = label_map(classes) if kind == MESSAGES else {}
    document = source(
        stem,
        _KINDS[kind],
        **fields,
        folder=None if flat else folder or None,
        label_map=mapped or None,
    )
    told = "without subfolders" if flat else "a class a subfolder"
    return Found(
        f"{words}, {told}", (document,), modality, notes, () if flat else tuple(sorted(classes))
    )


def _an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def _chosen(found: Sorted, asked: Asked, where: str) -> str:
    """Return the kind of files that most are."""
    fitting = {k: n for k, n in found.names.items() if asked.allows(_MODALITIES[k])}
    if fitting:
        return max(fitting, key=lambda kind: len(fitting[kind]))
    held = [f"{len(names):,} {kind}" for kind, names in found.names.items()]
    held += [f"{found.others:,} other files"] if found.others else []
    wanted = [kind for kind, modality in _MODALITIES.items() if asked.allows(modality)]
    raise DataError(
        "there is nothing that Millrace could learn from",
        where=where,
        expected=f"files of {', '.join(wanted)}; or a table or arrays" if wanted else "a table",
        received=", ".join(held) or "no file",
        remedy="Name the folder, archive or file that holds the data; a table in an archive is "
        "unpacked first.",
    )


def _packed_table(where: str, name: str) -> DataError:
    return DataError(
        "an archive that holds a single text",
        where=where,
        expected="a file for each text, in one folder a class",
        received=shorten(name, 80),
        remedy="If that is a table, unpack it and name the file.",
    )


def _mixed(found: Sorted, kind: str, asked: Asked) -> list[str]:
    """Return what to say of files of another kind."""
    count, notes = len(found.names[kind]), []
    for other, names in found.names.items():
        if other != kind and len(names) >= _MIXED * count:
            modality = _MODALITIES[other]
            hint = f"; `--kind {modality}` takes those" if asked.modality is None else ""
            hint = hint if modality != _MODALITIES[kind] else ""
            notes.append(f"there are {len(names):,} {other} beside the {count:,} {kind}{hint}.")
    if found.others >= max(1, _MIXED * count):
        notes.append(f"{found.others:,} files of other kinds are left out.")
    return notes


def _pattern(names: Sequence[str]) -> str | None:
    """Return the pattern of text files; null for the usual one."""
    suffixes = Counter(PurePosixPath(name).suffix.lower() for name in names)
    (best, count), *_ = suffixes.most_common(1)
    if count < len(names) or not best or not best[1:].isalnum() or best[1:].isdecimal():
        return "*"
    return None if f"*{best}" == _PATTERN else f"*{best}"


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
    stem: str, kind: str, folder: str, sides: Sequence[str], fields: Document
) -> tuple[Document, ...]:
    return tuple(
        source(
            f"{stem}_{side}",
            kind,
            side_of(side),
            **fields,
            folder="/".join(part for part in (folder, side) if part),
        )
        for side in sides
    )
