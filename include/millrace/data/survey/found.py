"""`Found`: the sources that would read some data, and what to call its format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SIDES: Mapping[str, str | None] = {
    **dict.fromkeys(("train", "training"), None),
    **dict.fromkeys(("test", "testing", "t10k"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
}
"""What names of folders and arrays say of the split; training data is left to the spec's split."""

_LONGEST = 40  # characters of a source's name
_FILES = frozenset(("image_folder", "text_folder", "email"))
_MOST_FILES = 200  # records of a partition that is looked at, where each is a file


@dataclass(frozen=True)
class Found:
    """Data that sources can read.

    Attributes:
        format: in words. sources: documents of a spec's sources, `name` first.
        modality: of the records.
        notes: what a person should know of how it was found.
        classes: that folders tell, of files; null where the records say their labels.
        named: whether sources are called by names of files, which may be names of people.
    """

    format: str
    sources: tuple[Mapping[str, Any], ...]
    modality: str = "image"
    notes: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    named: bool = True

    @property
    def labelled(self) -> bool:
        """Whether the records have labels that differ, as far as names tell."""
        return self.classes is None or len(self.classes) > 1


@dataclass(frozen=True)
class Asked:
    """What a person says of data, where it is not to be guessed.

    Attributes:
        modality: of the records. label: column of the label, by its name or its position.
    """

    modality: str | None = None
    label: str | None = None

    def allows(self, modality: str) -> bool:
        """Whether the data may be of this modality."""
        return self.modality in (None, modality)


def source(name: str, kind: str, side: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return the document of a source; fields that are None are left out."""
    document = {"name": source_name(name), "kind": kind, **fields, "split": side}
    return {field: value for field, value in document.items() if value is not None}


def source_name(text: str) -> str:
    """Return a source's name made of a file's: lower case, digits and underscores."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LONGEST].strip("_")
    return name if re.match(r"[a-z]", name) else f"data_{name}".strip("_")


def side_of(name: str) -> str | None:
    """Return the side that a word in a file's or an array's name tells; None for training data."""
    words = re.split(r"[^a-z0-9]+", name.lower())
    return next((SIDES[word] for word in words if SIDES.get(word)), None)


def partition_rows(document: Mapping[str, Any], rows: int) -> int:
    """Return how many of `rows` records a partition has that is only looked at."""
    return min(rows, _MOST_FILES) if document["kind"] in _FILES else rows
