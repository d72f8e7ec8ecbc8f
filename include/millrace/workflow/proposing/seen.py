"""`Seen`: what was seen of some data, the ground of a proposal. Plain values, no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Span:
    """Smallest, middle and largest of some numbers."""

    smallest: int
    median: int
    largest: int

    @property
    def uniform(self) -> bool:
        """Whether all are equal."""
        return self.smallest == self.largest

    def __str__(self) -> str:
        if self.uniform:
            return f"{self.median:,}"
        return f"{self.smallest:,} to {self.largest:,}, median {self.median:,}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of any data; a modality's own adds what its contents are like.

    Attributes:
        modality: of the records.
        format: what the data is, in words.
        sources: documents of a spec's sources, without the fields that stay as they are.
        total: records there are. looked_at: records that were read and cleaned.
        classes: records by label, of those looked at, the refused ones not counted.
        unlabelled: records without a label.
        refused: records by reason. duplicates: records with the content of another.
        near_duplicates: records that are much like another one.
        notes: what else a person should know of what was found.
    """

    modality: ClassVar[str]
    format: str
    sources: tuple[Mapping[str, Any], ...]
    total: int
    looked_at: int
    classes: Mapping[str, int]
    unlabelled: int
    refused: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    near_duplicates: int = 0
    notes: tuple[str, ...] = ()

    @property
    def tells_classes(self) -> bool:
        """Whether labels are classes; else they are numbers."""
        return True

    @property
    def units(self) -> Mapping[str, int]:
        """What is on one side of the split each, by label: records, or groups of them."""
        return self.classes

    @property
    def accepted(self) -> int:
        """Records that can be learnt from, of those looked at."""
        return sum(self.classes.values())

    @property
    def learnable(self) -> int:
        """Records that can be learnt from, of all, about."""
        return round(self.accepted * self.total / max(self.looked_at, 1))

    @property
    def largest_share(self) -> float:
        """Share of the largest class: the accuracy of always guessing it."""
        return max(self.classes.values(), default=0) / max(self.accepted, 1)

    @property
    def fixed(self) -> frozenset[str]:
        """Sides that sources are fixed to."""
        return frozenset(s["split"] for s in self.sources if s.get("split"))
