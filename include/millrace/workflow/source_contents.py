"""`check_contents`: whether a source holds what a workflow learns from, told by its spec alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from millrace.workflow.source import Source

Contents = Literal["image", "ct", "text", "table"]

_BY_KIND: Mapping[str, Contents] = {
    **dict.fromkeys(("idx", "cifar", "image_folder", "image_csv", "npy", "npz", "hdf5"), "image"),
    "dicom": "ct",
    **dict.fromkeys(("text_folder", "email", "sample"), "text"),
}
_BY_COLUMN = ("delimited", "jsonl", "sql")

_GIVEN_BY: Mapping[str, str] = {
    "image": "pictures: image_folder, image_csv, idx, cifar, npy, npz, hdf5 or parquet",
    "ct": "CT slices: dicom, image_folder, npy, npz, hdf5 or parquet",
    "text": "texts: text_folder, email, or delimited, jsonl, parquet or sql with `text`",
    "table": "records of a table: delimited, jsonl, sql without `text`, parquet with `rows: true`",
}
_WORDS: Mapping[str, str] = {
    "image": "pictures",
    "ct": "DICOM files",
    "text": "texts",
    "table": "records of a table",
}
_ALSO: Mapping[str, str] = {"ct": "image"}  # slices that somebody has saved as pictures


def contents_of(source: Source) -> Contents | None:
    """Return the modality whose records a source holds; None for a user's own kind."""
    kind = str(getattr(source, "kind", ""))
    if kind in _BY_COLUMN:
        return "table" if getattr(source, "text", None) is None else "text"
    if kind == "parquet":
        if getattr(source, "rows", False):
            return "table"
        return "image" if getattr(source, "text", None) is None else "text"
    if kind == "sklearn":
        return "image" if getattr(source, "dataset", None) == "digits" else "table"
    return _BY_KIND.get(kind)


def check_contents(sources: Iterable[Source], modality: str) -> None:
    """Raise `ValueError` where a source holds other contents than a workflow over `modality`."""
    for source in sources:
        found = contents_of(source)
        if found not in (None, modality, _ALSO.get(modality)):
            kind = getattr(source, "kind", "")
            raise ValueError(
                f"sources of {_GIVEN_BY[modality]}; {source.name} ({kind}) gives {_WORDS[found]}"
            )
