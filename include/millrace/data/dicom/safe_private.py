"""`is_safe_private`: private elements that hold measures of the scanner and nothing else.

A part of PS3.15 Table E.3.10-1 (Safe Private Attributes), as PixelMed's ClinicalTrialsAttributes
(2026) transcribes it: those of CT and PET, and only where their values are numbers, so that no name
can stand in them. Any other private element is removed.
"""

from __future__ import annotations

_SAFE: dict[tuple[str, int, int], tuple[str, ...]] = {
    ("ELSCINT1", 0x00E1, 0x21): ("DS",),
    ("ELSCINT1", 0x01F1, 0x07): ("DS",),
    ("ELSCINT1", 0x01F1, 0x26): ("DS",),
    ("ELSCINT1", 0x01F1, 0x27): ("DS",),
    ("GEMS_ACQU_01", 0x0019, 0x23): ("DS",),
    ("GEMS_ACQU_01", 0x0019, 0x24): ("DS",),
    ("GEMS_ACQU_01", 0x0019, 0x27): ("DS",),
    ("Philips PET Private Group", 0x7053, 0x00): ("DS",),
    ("Philips PET Private Group", 0x7053, 0x09): ("DS",),
}

_CREATORS = frozenset((creator, group) for creator, group, _ in _SAFE)


def is_safe_private(creator: str, tag: int, representation: str) -> bool:
    """Whether an element of a creator's block is known to be safe, with a value of that kind."""
    return representation in _SAFE.get((creator, tag >> 16, tag & 0xFF), ())


def is_safe_creator(creator: str, group: int) -> bool:
    """Whether a creator has safe elements in a group, so that its reservation may be kept."""
    return (creator, group) in _CREATORS
