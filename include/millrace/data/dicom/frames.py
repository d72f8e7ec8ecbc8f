"""`split_frames`: a multi-frame image as images of one frame each, one at a time.

What the frames share stays; of what each frame has of its own, the others' is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import TYPE_CHECKING

from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.undecodable import Undecodable

if TYPE_CHECKING:
    from pydicom import FileDataset

MOST = 100_000
"""Frames of an image, at most."""

_OFFSETS = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")


def frame_count(value: object) -> int:
    """Return a number of frames as the header says it; 1 where it says nothing that can be."""
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST else 1


def split_frames(image: FileDataset) -> Iterator[FileDataset]:
    """Yield the frames of an image; the image itself where it has one.

    Raises:
        Undecodable: its pixels are not those of so many frames.
    """
    count = frame_count(image.get("NumberOfFrames"))
    if count == 1:
        yield image
        return
    pixels = _encapsulated(image, count)
    if pixels is None:
        pixels = _native(image, count)
    groups = list(image.get("PerFrameFunctionalGroupsSequence") or ())
    name = str(image.get("SOPInstanceUID") or "")
    for number, data in enumerate(pixels):
        frame = copy(image)
        frame.file_meta = copy(image.file_meta)
        frame.NumberOfFrames = "1"
        for offsets in _OFFSETS:
            if offsets in frame:
                del frame[offsets]
        frame.PixelData = data
        frame["PixelData"].is_undefined_length = image["PixelData"].is_undefined_length
        frame.SOPInstanceUID = f"{name}.{number + 1}"
        if len(groups) == count:
            frame.PerFrameFunctionalGroupsSequence = [groups[number]]
        yield frame


def _encapsulated(image: FileDataset, count: int) -> Iterator[bytes] | None:
    from pydicom.encaps import encapsulate, generate_frames

    if not image.file_meta.TransferSyntaxUID.is_compressed:
        return None

    def frames() -> Iterator[bytes]:
        found = generate_frames(image.PixelData, number_of_frames=count)
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

    return frames()


def _native(image: FileDataset, count: int) -> Iterator[bytes]:
    numbers = [image.get(n) for n in ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")]
    data = image.get("PixelData")
    if not isinstance(data, bytes) or not all(isinstance(n, int) for n in numbers):
        raise Undecodable("no pixels")
    rows, columns, samples, bits = numbers
    size = rows * columns * samples * bits // 8
    if size == 0 or len(data) < size * count:
        raise Undecodable("the pixel data is shorter than that of its frames")
    for number in range(count):
        frame = data[number * size : (number + 1) * size]
        yield frame + b"\0" * (size % 2)
