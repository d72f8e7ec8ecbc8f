"""`SeenPictures`: what was seen of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from millrace.workflow.proposing.seen import Seen, Span


@dataclass(frozen=True, kw_only=True)
class SeenPictures(Seen):
    """What was seen.

    Attributes:
        heights, widths: pixels. modes: records by colour mode. formats: by kind of file.
        colour: whether pictures have colours; false for grey ones, however they are stored.
        coloured: pictures that have some.
        unlike: whether proportions differ by more than a tenth.
    """

    modality: ClassVar[str] = "image"
    heights: Span
    widths: Span
    colour: bool
    unlike: bool
    modes: Mapping[str, int] = field(default_factory=dict)
    formats: Mapping[str, int] = field(default_factory=dict)
    coloured: int = 0
