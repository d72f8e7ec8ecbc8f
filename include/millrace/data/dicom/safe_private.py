"""`is_safe_private`: private elements that hold measures of the scanner and nothing else.

A part of PS3.15 Table E.3.10-1 (Safe Private Attributes): those of CT whose values are numbers, so
that no name can stand in them. Any other private element is removed.
"""

from __future__ import annotations

_SAFE: dict[tuple[str, int, int], tuple[str, ...]] = {
    ("GEMS_ACQU_01", 0x0019, 0x23): ("DS",),  # table speed, mm a rotation
    ("GEMS_ACQU_01", 0x0019, 0x24): ("DS",),  # mid scan time, s
    ("GEMS_ACQU_01", 0x0019, 0x25): ("SS",),  # mid scan flag
    ("GEMS_ACQU_01", 0x0019, 0x26): ("SL",),  # tube azimuth, degrees
    ("GEMS_ACQU_01", 0x0019, 0x27): ("DS",),  # rotation speed
    ("Philips PET Private Group", 0x7053, 0x00): ("DS",),  # SUV factor
    ("Philips PET Private Group", 0x7053, 0x09): ("DS",),  # activity concentration factor
}

_CREATORS = frozenset((creator, group) for creator, group, _ in _SAFE)


def is_safe_private(creator: str, tag: int, representation: str) -> bool:
    """Whether an element of a creator's block is known to be safe, with a value of that kind."""
    return representation in _SAFE.get((creator, tag >> 16, tag & 0xFF), ())


def is_safe_creator(creator: str, group: int) -> bool:
    """Whether a creator has safe elements in a group, so that its reservation may be kept."""
    return (creator, group) in _CREATORS
