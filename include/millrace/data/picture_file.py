"""`open_picture` and `load_picture`: a picture file as 8-bit grey or RGB. The content decides.

What becomes of each kind:

* orientation: as EXIF says; EXIF that cannot be read says nothing;
* several frames or pages (GIF, WebP, APNG, TIFF): the first; the second picture of an MPO file is
  no frame;
* transparency, as alpha or as a colour of the palette: laid on white;
* 1-bit, grey and grey with alpha: grey; palettes, YCbCr, CMYK and YCCK (Adobe's inverted ones
  too): RGB by Pillow's arithmetic; LAB: sRGB by LittleCMS;
* 16-bit integers: their high byte, whatever values occur; 32-bit integers likewise, refused
  outside 0 to 65535; floating point: 0 to 1, refused outside;
* ICC profiles and gamma are not applied: pixels are taken as sRGB.

Refused: other formats, truncated files, more than `MOST_PIXELS` pixels.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageCms

from millrace.artifacts.tables import Images

MOST_PIXELS = 50_000_000
"""Pixels of a picture file, at most; above it, decoding is refused before memory is taken."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_GREY = ("1", "L", "LA", "La")
_TILE_SIDES = (322, 323)  # TIFF tags: width and length of a tile
_WHITE = (255, 255, 255, 255)


def decode_file(data: bytes) -> Images:
    """Return a picture file as ``(height, width, channels)`` uint8.

    Raises:
        ValueError: it cannot be decoded; the message says why.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pixels(load_picture(open_picture(data)))


def pixels(image: Image.Image) -> Images:
    """Return a grey or RGB picture as ``(height, width, channels)`` uint8."""
    array = np.asarray(image, np.uint8)
    return array[..., np.newaxis] if array.ndim == 2 else array


def open_picture(data: bytes) -> Image.Image:
    """Read a file's header, no pixels yet; its size is within bounds.

    Raises:
        ValueError: it is no picture, or too large a one.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        most = max(image.width * image.height, _tile(image))
    except MemoryError:
        raise
    except Exception as error:  # a decoder may raise anything over foreign bytes
        raise _refusal(error) from error
    if most > MOST_PIXELS:
        raise ValueError(f"{image.width} x {image.height} pixels are too many")
    return image


def count_frames(image: Image.Image) -> int:
    """Return the number of frames or pages of an opened file.

    Raises:
        ValueError: they cannot be counted.
    """
    try:
        return 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    except MemoryError:
        raise
    except Exception as error:
        raise _refusal(error) from error


def load_picture(image: Image.Image) -> Image.Image:
    """Return the pixels of an opened file, turned upright, in mode ``L`` or ``RGB``.

    Raises:
        ValueError: it cannot be decoded; the message says why.
    """
    try:
        image.load()
        return _upright(_grey_or_rgb(image), image)
    except MemoryError:
        raise
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> ValueError:
    return ValueError(str(error).partition(" <")[0][:300] or type(error).__name__)


def _tile(image: Image.Image) -> int:
    """Return the pixels of a TIFF file's tile, which may be larger than the picture."""
    tags = getattr(image, "tag_v2", {})
    width, height = (int(tags.get(tag, 0)) for tag in _TILE_SIDES)
    return width * height


def _grey_or_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("L", "RGB") and not image.has_transparency_data:
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return Image.fromarray(_eight_bits(image))
    if image.has_transparency_data:
        return _on_white(image)
    if image.mode == "LAB":
        return _from_lab(image)
    return image.convert("L" if image.mode in _GREY else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    grey = image.mode in _GREY
    drawn = image.convert("RGBA")
    page = Image.new("RGBA", drawn.size, _WHITE)
    page.alpha_composite(drawn)
    return page.convert("L" if grey else "RGB")


def _eight_bits(image: Image.Image) -> Images:
    values = np.asarray(image)
    lowest, highest = values.min().item(), values.max().item()
    most = 1 if image.mode == "F" else 65_535
    if not (lowest >= 0 and highest <= most):
        raise ValueError(f"pixels from {lowest:g} to {highest:g} are outside 0 to {most}")
    if image.mode == "F":
        return np.rint(values.astype(np.float64) * 255).astype(np.uint8)
    made = (values.astype(np.uint32) >> 8).astype(np.uint8)
    made[values == image.info.get("transparency", -1)] = _WHITE[0]
    return made


def _from_lab(image: Image.Image) -> Image.Image:
    lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    made = ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB")
    return image.convert("RGB") if made is None else made


def _upright(picture: Image.Image, file: Image.Image) -> Image.Image:
    """Return the picture turned as its file's EXIF says."""
    try:
        turn = _TURNS.get(file.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF, whose parsing may raise anything
        return picture
    return picture if turn is None else picture.transpose(turn)


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to turn a picture, by the value of EXIF's orientation (EXIF 2.32, 4.6.4)."""
