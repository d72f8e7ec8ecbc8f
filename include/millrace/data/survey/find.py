"""`find`: the sources that would read what lies at some paths or URIs, by names and headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from millrace.data.sources.reader import file_name
from millrace.data.survey.dicom import find_dicom
from millrace.data.survey.file import find_file
from millrace.data.survey.folder import find_folder
from millrace.data.survey.found import Asked, Found, side_of, source_name
from millrace.data.survey.labels import labels_of
from millrace.errors import DataError

_ANYTHING = Asked()
_PICTURES, _SLICES = "image", "ct"
_LABELLED_BY_NAME = frozenset(("email", "text_folder"))  # kinds of sources that have a `label`

Place = tuple[str, Path | None]
"""A URI as a spec would have it, and where that is on this machine; None for a remote one."""


def find(places: Sequence[Place], asked: Asked = _ANYTHING) -> Found:
    """Return the sources; those that would leave nothing to train on have no side of their own.

    Several places are one data set. Where their files have no labels, the places' names tell them.

    Args:
        places: one at least. asked: what a person says of them.

    Raises:
        DataError: there is nothing at one of them, or nothing that a source could read.
    """
    founds = [_find_any(*place, asked) for place in places]
    found = founds[0] if len(founds) == 1 else _united(places, founds)
    sources = _named_apart(found.sources)
    if not any("split" not in one for one in sources):
        sources = [{n: value for n, value in one.items() if n != "split"} for one in sources]
    return replace(found, sources=tuple(sources))


def _find_any(uri: str, path: Path | None, asked: Asked) -> Found:
    """Return the sources of a place; pictures are slices of CT where somebody says so."""
    if asked.modality != _SLICES:
        return _find_one(uri, path, asked)
    found = find_dicom(uri, path, asked)
    if found is not None:
        return found
    pictures = _find_one(uri, path, replace(asked, modality=_PICTURES))
    return replace(pictures, modality=_SLICES)


def _find_one(uri: str, path: Path | None, asked: Asked) -> Found:
    if path is not None and not path.exists():
        raise DataError("there is nothing at this path", where=uri, remedy="Check the path.")
    scans = find_dicom(uri, path, asked)
    if scans is not None:
        return scans
    if path is None or not path.is_dir():
        return find_file(uri, path, asked)
    inner = find_folder(uri, path, asked)
    if isinstance(inner, Found):
        return inner
    places = [(f"{uri.rstrip('/')}/{name}", path / name) for name in inner]
    return _united(places, [_find_one(*place, asked) for place in places])


def _united(places: Sequence[Place], founds: Sequence[Found]) -> Found:
    """Return the sources of several places."""
    modalities = sorted({found.modality for found in founds})
    if len(modalities) > 1:
        raise DataError(
            "several places that hold different kinds of data",
            where=", ".join(file_name(uri) for uri, _ in places[:5]),
            expected="one kind; `--kind` asks for it",
            received=", ".join(modalities),
        )
    stems = [_stem(uri) for uri, _ in places]
    inner = [(found.classes or (stem,))[0] for stem, found in zip(stems, founds, strict=True)]
    labels = labels_of(inner if len(set(inner)) == len(inner) else stems)
    sources: list[Mapping[str, Any]] = []
    told: dict[str, str] = {}
    for stem, label, found in zip(stems, labels, founds, strict=True):
        for one in found.sources:
            own = stem if found.named and len(found.sources) == 1 else one["name"]
            named = {**one, "name": source_name(own)}
            if not found.labelled and one["kind"] in _LABELLED_BY_NAME:
                named["label"] = told[stem] = label
            if side_of(stem):
                named.setdefault("split", side_of(stem))
            sources.append(named)
    notes = [note for found in founds for note in found.notes]
    if told:
        said = ", ".join(f"{stem} is {label!r}" for stem, label in told.items())
        notes.append(f"names tell the labels: {said}.")
    words = f"{len(founds)} of: {founds[0].format}"
    return Found(words, tuple(sources), modalities[0], tuple(dict.fromkeys(notes)))


def _stem(uri: str) -> str:
    return file_name(uri.rstrip("/")).split(".")[0] or "data"


def _named_apart(sources: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the sources, each with a name of its own."""
    names: set[str] = set()
    apart: list[Mapping[str, Any]] = []
    for one in sources:
        name = next(n for n in _numbered(one["name"]) if n not in names)
        names.add(name)
        apart.append({**one, "name": name})
    return apart


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))
