"""`decode`: the pixels of one slice as Hounsfield units, with their spacing and place.

Refused, before anything is unpacked, is what would unpack to more than its header may say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from millrace.data.dicom.codestream import codestream_size
from millrace.data.dicom.parse import parse
from millrace.data.dicom.plane import place_of
from millrace.data.dicom.quiet import quiet
from millrace.data.dicom.rescale import Rescale, rescale_of
from millrace.data.dicom.spacing import Spacing, spacing_of
from millrace.data.dicom.undecodable import Undecodable
from millrace.data.encoding import DICOM

if TYPE_CHECKING:
    from pydicom import Dataset, FileDataset

AIR = -1024
"""What stands in Hounsfield units where a file has padding: outside what the scanner measured."""

LARGEST = 8_192
"""Rows or columns of a slice, at most."""

_NEEDED = (
    *("SOPClassUID", "Modality", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
    *("PhotometricInterpretation", "RescaleSlope", "RescaleIntercept", "RescaleType"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", "PixelSpacing", "ImagerPixelSpacing"),
    *("ImagePositionPatient", "ImageOrientationPatient"),
    *("SliceThickness", "PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"),
    *("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
)
_INT16 = np.iinfo(np.int16)


class Decoded(NamedTuple):
    """A slice.

    Attributes:
        pixels: int16 ``(height, width)``.
        spacing: in millimetres.
        units: ``HU``, or ``raw`` for stored values whose unit the file does not tell.
        place: millimetres along the normal of its plane; None where the file does not tell.
    """

    pixels: npt.NDArray[np.int16]
    spacing: Spacing
    units: str
    place: float | None = None


def decode(content: bytes, encoding: str = DICOM) -> Decoded:
    """Return the slice that a record of the encoding ``dicom`` holds.

    Hounsfield units are rounded and cut to int16; padding is `AIR`. What is not computed
    tomography keeps its stored values, white the largest.

    Raises:
        Undecodable: the pixels are missing, truncated, in a form that no decoder here reads, or
            contradict the header.
    """
    if encoding != DICOM:
        raise Undecodable("not the encoding of a DICOM slice")
    return measured(parse(content, _NEEDED))


def measured(image: FileDataset) -> Decoded:
    """Return the slice of an image of one frame; see `decode`."""
    try:
        with quiet():
            check_layout(image)
            stored = _stored(image)
            rescale = rescale_of(image, 0)
            pixels = _measured(image, stored, rescale)
            return Decoded(pixels, spacing_of(image, 0), rescale.units, place_of(image, 0))
    except (Undecodable, MemoryError):
        raise
    except Exception as error:
        raise Undecodable(f"the header cannot be read ({type(error).__name__})") from None


def check_layout(image: Dataset) -> None:
    """Raise `Undecodable` where the header describes no grey slice of a bearable size."""
    height, width, samples = (_whole(image, n) for n in ("Rows", "Columns", "SamplesPerPixel"))
    allocated, kept = _whole(image, "BitsAllocated"), _whole(image, "BitsStored")
    if "PixelData" not in image:
        raise Undecodable("no pixels")
    if not (0 < height <= LARGEST and 0 < width <= LARGEST):
        raise Undecodable(f"{height} x {width} pixels; 1 to {LARGEST} a side are read")
    if samples != 1:
        raise Undecodable("colour; only grey slices are read")
    if allocated not in (8, 16, 32) or not 0 < kept <= allocated:
        raise Undecodable(f"{kept} bits stored of {allocated} allocated")
    if _whole(image, "HighBit", kept - 1) != kept - 1:
        raise Undecodable("the high bit is not the highest of the bits stored")
    if _whole(image, "PixelRepresentation") not in (0, 1):
        raise Undecodable("pixel values are neither signed nor unsigned")


def check_pixels(image: FileDataset) -> None:
    """Raise `Undecodable` where a slice cannot be used, as far as is told without unpacking it.

    Bits that are said to be unused must be so: text may lie in them.
    """
    with quiet():
        check_layout(image)
        if not image.file_meta.TransferSyntaxUID.is_compressed:
            _stored(image)


def _whole(image: Dataset, name: str, default: int = 0) -> int:
    value = image.get(name)
    return value if isinstance(value, int) else default


def _stored(image: Dataset) -> npt.NDArray[np.integer]:
    """Return the stored values (height, width) of the first frame."""
    syntax = image.file_meta.TransferSyntaxUID
    if not syntax.is_compressed and syntax.is_little_endian and image.BitsAllocated <= 16:
        return _within_bits(image, _native(image))
    from pydicom.pixels.decoders.base import get_decoder

    try:
        if syntax.is_compressed:
            _check_codestream(image)
        options: Any = {"correct_unused_bits": False, "decoding_plugin": _plugin(syntax)}
        pixels, _ = get_decoder(syntax).as_array(image, index=0, raw=True, **options)
    except Undecodable:
        raise
    except NotImplementedError:
        raise Undecodable("a transfer syntax that no decoder here reads") from None
    except Exception as error:
        raise Undecodable(f"the pixels cannot be decoded ({type(error).__name__})") from None
    return _within_bits(image, pixels.reshape(pixels.shape[:2]))


def _plugin(syntax: str) -> str:
    """Return by which of pydicom's plug-ins a syntax is decoded; empty leaves it to pydicom."""
    from pydicom import uid

    if syntax in (*uid.JPEGTransferSyntaxes, *uid.JPEGLSTransferSyntaxes):
        return "gdcm"
    return "pylibjpeg" if syntax in uid.JPEG2000TransferSyntaxes else ""


def _native(image: Dataset) -> npt.NDArray[np.integer]:
    """Return values that are not compressed, without a copy."""
    kind = np.dtype(f"<{'i' if image.PixelRepresentation else 'u'}{image.BitsAllocated // 8}")
    count = image.Rows * image.Columns
    data = image.PixelData
    if len(data) < count * kind.itemsize:
        raise Undecodable("the pixel data is cut short")
    return np.frombuffer(data, kind, count).reshape(image.Rows, image.Columns)


def _check_codestream(image: Dataset) -> None:
    """Raise `Undecodable` where a compressed frame says it is of another size than its header."""
    from pydicom.encaps import generate_frames

    frames = max(1, _whole(image, "NumberOfFrames", 1))
    first = next(generate_frames(image.PixelData, number_of_frames=frames), b"")
    size = codestream_size(first)
    if size is not None and size != (image.Rows, image.Columns):
        raise Undecodable("the compressed frame is of another size than its header says")


def _within_bits(image: Dataset, pixels: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Return values whose unused high bits repeat the sign; older files have zeros in them.

    Raises:
        Undecodable: values have more bits than the header says, or text lies in the unused ones.
    """
    kept, signed = image.BitsStored, image.PixelRepresentation == 1
    if kept == image.BitsAllocated:
        return pixels
    least, most = (-(1 << (kept - 1)), (1 << (kept - 1)) - 1) if signed else (0, (1 << kept) - 1)
    if least <= pixels.min() and pixels.max() <= most:
        return pixels
    if signed and pixels.min() >= 0 and pixels.max() < 1 << kept:
        return np.where(pixels > most, pixels.astype(np.int32) - (1 << kept), pixels)
    raise Undecodable(f"pixel values have more than the {kept} bits that the header says")


def _measured(
    image: Dataset, stored: npt.NDArray[np.integer], rescale: Rescale
) -> npt.NDArray[np.int16]:
    padding = _padding(image, stored)
    pixels = _rescaled(stored, rescale)
    if rescale.units == "raw" and image.get("PhotometricInterpretation") == "MONOCHROME1":
        pixels = (pixels.max().astype(np.int32) + pixels.min() - pixels).astype(np.int16)
    if padding is not None:
        pixels[padding] = AIR if rescale.units == "HU" else pixels[~padding].min(initial=0)
    return pixels


def _rescaled(stored: npt.NDArray[np.integer], rescale: Rescale) -> npt.NDArray[np.int16]:
    """Return measured values, rounded and cut to int16, in an array of their own."""
    slope, intercept = rescale.slope, rescale.intercept
    least, most = int(stored.min()), int(stored.max())
    if slope == 1 and intercept.is_integer():
        offset = int(intercept)
        if _INT16.min <= min(least, least + offset) and max(most, most + offset) <= _INT16.max:
            return stored.astype(np.int16) + np.int16(offset)
    values = np.rint(stored * slope + intercept).clip(_INT16.min, _INT16.max)
    pixels: npt.NDArray[np.int16] = values.astype(np.int16)
    return pixels


def _padding(image: Dataset, stored: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_] | None:
    """Return where the file says that nothing was measured; None where that is nowhere."""
    value = image.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = image.get("PixelPaddingRangeLimit")
    other = limit if isinstance(limit, int) else value
    bits = 1 << image.BitsAllocated
    if image.PixelRepresentation == 1:  # some write the value as if it were unsigned
        value, other = (v - bits if v >= bits // 2 else v for v in (value, other))
    least, most = sorted((value, other))
    found = stored == value if least == most else (stored >= least) & (stored <= most)
    return found if found.any() else None
