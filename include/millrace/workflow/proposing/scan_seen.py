"""`SeenScans`: what was seen of CT slices. Nothing in it tells whom they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from millrace.workflow.proposing.seen import Seen, Span


@dataclass(frozen=True, kw_only=True)
class SeenScans(Seen):
    """What was seen.

    Attributes:
        heights, widths: pixels.
        measured: slices in Hounsfield units; the others are pictures of 8 bits.
        pixel: side of a pixel, millimetres, the middle one; null where one is unknown.
        step: between slices of a series, millimetres, the middle one; null where it is unknown.
        series: number of them; 0 where none is known.
        patients: by label; empty where a slice does not tell. identified: whether the source was.
    """

    modality: ClassVar[str] = "ct"
    heights: Span
    widths: Span
    measured: int
    pixel: float | None = None
    step: float | None = None
    series: int = 0
    patients: Mapping[str, int] = field(default_factory=dict)
    identified: bool = False

    @property
    def units(self) -> Mapping[str, int]:
        """Return patients, where they are known: they are never divided."""
        return self.patients or self.classes
