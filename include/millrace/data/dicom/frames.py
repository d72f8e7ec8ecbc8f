"""`split_frames`: a multi-frame image as images of one frame each, one at a time.

What the frames share stays; of what each frame has of its own, the others' is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING

from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    from pydicom import FileDataset

MOST = 100_000
"""Frames of an image, at most."""

_OWN = (
    *("PixelData", "PerFrameFunctionalGroupsSequence"),
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
)
"""What the frames do not share."""


def frame_count(value: object) -> int:
    """Return a number of frames as the header says it; 1 where it says nothing that can be."""
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST else 1


def split_frames(image: FileDataset) -> Iterator[FileDataset]:
    """Yield the frames of an image, which is used up; the image itself where it has one.

    Raises:
        Undecodable: its pixels are not those of so many frames.
    """
    from pydicom import DataElement

    count = frame_count(image.get("NumberOfFrames"))
    if count == 1:
        yield image
        return
    if "PixelData" not in image:
        raise Undecodable("no pixels")
    whole = image["PixelData"]
    compressed = image.file_meta.TransferSyntaxUID.is_compressed
    pixels = _encapsulated(whole.value, count) if compressed else _native(image, whole.value, count)
    groups = list(image.get("PerFrameFunctionalGroupsSequence") or ())
    name = str(image.get("SOPInstanceUID") or "")
    for own in _OWN:
        if own in image:
            del image[own]
    for number, data in enumerate(pixels):
        frame = deepcopy(image)  # what is done to a frame must not be done to the next one, too
        frame.NumberOfFrames = "1"
        frame.add(DataElement(whole.tag, whole.VR, data))
        frame["PixelData"].is_undefined_length = whole.is_undefined_length
        frame.SOPInstanceUID = f"{name}.{number + 1}"
        if len(groups) == count:
            frame.PerFrameFunctionalGroupsSequence = [groups[number]]
        yield frame


def _encapsulated(data: bytes, count: int) -> Iterator[bytes]:
    from pydicom.encaps import encapsulate, generate_frames

    found = generate_frames(data, number_of_frames=count)
    for _ in range(count):
        try:
            with quiet():
                frame = next(found)
        except StopIteration:
            raise Undecodable("fewer frames than the header says") from None
        except Exception as error:
            reason = f"the frames cannot be told apart ({type(error).__name__})"
            raise Undecodable(reason) from None
        yield encapsulate([frame])


def _native(image: FileDataset, data: object, count: int) -> Iterator[bytes]:
    numbers = [image.get(n) for n in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
    if not isinstance(data, bytes) or not all(isinstance(n, int) for n in numbers):
        raise Undecodable("no pixels")
    rows, columns, samples, bits = numbers
    size = rows * columns * samples * bits // 8
    if size == 0 or len(data) < size * count:
        raise Undecodable("the pixel data is shorter than that of its frames")
    for number in range(count):
        frame = data[number * size : (number + 1) * size]
        yield frame + b"\0" * (size % 2)
