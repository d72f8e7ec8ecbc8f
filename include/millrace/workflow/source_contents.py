"""`contents_of`: what the records of a source hold, told by its spec alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from millrace.workflow.source import Source

Contents = Literal["image", "ct", "text", "table"]

_BY_KIND: Mapping[str, Contents] = {
    **dict.fromkeys(("idx", "cifar", "image_folder", "image_csv", "npy", "npz", "hdf5"), "image"),
    "dicom": "ct",
    **dict.fromkeys(("text_folder", "email", "sample"), "text"),
}
_BY_COLUMN = ("delimited", "jsonl", "sql")


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
