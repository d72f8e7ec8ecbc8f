"""`fingerprints`: a perceptual hash and a grey thumbnail of every picture. Compares nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.pictures.schema import THUMBNAIL_SIDE

LEAST_SIDE = 32
"""Height and width, in pixels, below which a picture is too small to tell its likes apart."""

LEAST_CONTRAST = 8
"""Standard deviation of a thumbnail, in grey levels of 255, below which it shows too little."""

_GRID = 2 * THUMBNAIL_SIDE
_KEPT = 8
_UNIT = 2048  # of the cosines: sums of a row's products stay below 2**24, exact in float32

Hashes = npt.NDArray[np.uint64]


def fingerprints(images: Images) -> tuple[Hashes, Images]:
    """Return the hashes ``(rows,)`` uint64 and the thumbnails ``(rows, 256)`` uint8 of pictures.

    Args:
        images: ``(rows, height, width, channels)`` uint8 in full range, both sides at least
            `LEAST_SIDE` pixels, 1 or 3 channels.
    """
    return fingerprints_of(grids(images))


def fingerprints_of(cells: Images) -> tuple[Hashes, Images]:
    """Return the hashes and the thumbnails of ``(rows, 32, 32)`` grids; see `grids`."""
    return _hashes(cells), _thumbnails(cells)


def telling(thumbnails: Images) -> npt.NDArray[np.bool_]:
    """Return which thumbnails ``(rows, 256)`` have contrast enough to be compared."""
    pixels = thumbnails.shape[1]
    values = thumbnails.astype(np.uint32)
    variance = pixels * (values * values).sum(axis=1) - values.sum(axis=1) ** 2
    found: npt.NDArray[np.bool_] = variance >= (LEAST_CONTRAST * pixels) ** 2
    return found


def grids(images: Images) -> Images:
    """Return ``(rows, height, width, channels)`` pictures as ``(rows, 32, 32)`` grey means."""
    shown = grey(images)
    if shown.shape[1:] == (_GRID, _GRID):
        return shown
    made = np.empty((len(images), _GRID, _GRID), np.uint8)
    for picture, cells in zip(shown, made, strict=True):
        cells[:] = grid(Image.fromarray(picture))
    return made


def grid(picture: Image.Image, extent: tuple[float, float] | None = None) -> Images:
    """Return a picture as a ``(32, 32)`` grid of grey means.

    Args:
        extent: width and height, in pixels, where the last column and the last row of a reduced
            picture stand for less than a whole pixel.
    """
    box = None if extent is None else (0.0, 0.0, *extent)
    made = picture.convert("L").resize((_GRID, _GRID), Image.Resampling.BOX, box=box)
    return np.asarray(made, np.uint8)


def grey(images: Images) -> Images:
    """Return pictures as ``(rows, height, width)`` grey levels, as Pillow makes them (BT.601)."""
    rows, height, width, channels = images.shape
    if channels == 1 or not rows:
        return images[..., 0]
    stacked = Image.fromarray(images.reshape(rows * height, width, channels)).convert("L")
    return np.asarray(stacked, np.uint8).reshape(rows, height, width)


def _hashes(cells: Images) -> Hashes:
    """Return which low frequencies are above their median, the lowest in the highest bit.

    The lower of the two middle values tells the same as their mean.
    """
    rows = len(cells)
    cosines = _cosines()
    across = cells.reshape(-1, _GRID).astype(np.float32) @ cosines.T
    down = across.reshape(rows, _GRID, _KEPT).transpose(0, 2, 1).astype(np.float64) @ cosines.T
    frequencies = down.transpose(0, 2, 1).reshape(rows, _KEPT**2)
    median = np.partition(frequencies, _KEPT**2 // 2 - 1, axis=1)[:, _KEPT**2 // 2 - 1]
    bits = frequencies > median[:, np.newaxis]
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def _cosines() -> npt.NDArray[np.float32]:
    """Return the first rows of the DCT-II as whole numbers ``(8, 32)``."""
    places = 2 * np.arange(_GRID) + 1
    angles = np.pi * np.arange(_KEPT)[:, np.newaxis] * places / (2 * _GRID)
    cosines: npt.NDArray[np.float32] = np.rint(_UNIT * np.cos(angles)).astype(np.float32)
    return cosines


def _thumbnails(cells: Images) -> Images:
    """Return means of 2 x 2 cells, rounded half up."""
    down = cells[:, ::2].astype(np.uint16) + cells[:, 1::2]
    sums = down[:, :, ::2] + down[:, :, 1::2]
    means: Images = ((sums + 2) >> 2).astype(np.uint8)
    return means.reshape(len(cells), THUMBNAIL_SIDE**2)
