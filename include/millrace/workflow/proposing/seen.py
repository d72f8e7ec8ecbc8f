"""`Seen`: what was seen of some data, the ground of a proposal. Plain values, no data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
            return str(self.median)
        return f"{self.smallest} to {self.largest}, median {self.median}"


@dataclass(frozen=True)
class Seen:
    """What was seen.

    Attributes:
        format: what the data is, in words.
        sources: documents of a spec's sources, without the fields that stay as they are.
        total: records there are. looked_at: records that were read and cleaned.
        classes: records by label, of those looked at, the refused ones not counted.
        unlabelled: records without a label.
        heights, widths: pixels. modes: records by colour mode. formats: by kind of file.
        colour: whether pictures have colours; false for grey ones, however they are stored.
        coloured: pictures that have some.
        refused: records by reason. duplicates: records with the pixels of another.
        near_duplicates: records that look like another one.
        unlike: whether proportions differ by more than a tenth.
    """

    format: str
    sources: tuple[Mapping[str, Any], ...]
    total: int
    looked_at: int
    classes: Mapping[str, int]
    unlabelled: int
    heights: Span
    widths: Span
    colour: bool
    unlike: bool
    modes: Mapping[str, int] = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    coloured: int = 0
    duplicates: int = 0
    near_duplicates: int = 0

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
