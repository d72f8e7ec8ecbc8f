"""`safe_private`: the private elements of a data set that hold measures of the scanner only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from millrace.data.dicom.conformance import are_plain
from millrace.data.dicom.identifiers import readable
from millrace.data.dicom.safe_private import is_safe_private

if TYPE_CHECKING:
    from pydicom import Dataset


def safe_private(dataset: Dataset) -> frozenset[int]:
    """Return the tags to keep: safe elements, and the reservations of their blocks (PS3.5 7.8)."""
    kept = set()
    for element in readable(dataset):
        tag = element.tag
        if not tag.is_private or tag.is_private_creator:
            continue
        creator = dataset.get_item((tag.group, tag.element >> 8))
        name = _text(None if creator is None else creator.value)
        if is_safe_private(name, tag, element.VR) and are_plain(element):
            kept |= {int(tag), tag.group << 16 | tag.element >> 8}
    return frozenset(kept)


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")
