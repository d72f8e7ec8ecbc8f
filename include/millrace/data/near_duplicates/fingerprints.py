"""`fingerprints`: a perceptual hash and a grey thumbnail of every picture. Compares nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.schemas import THUMBNAIL_SIDE

LEAST_SIDE = 32
"""Height and width, in pixels, below which a picture is too small to tell its likes apart."""

LEAST_CONTRAST = 8
"""Standard deviation of a thumbnail, in grey levels of 255, below which it shows too little."""

_GRID = 32
_KEPT = 8
_UNIT = 2048  # of the cosines: sums of a row's products stay below 2**24, exact in float32

Hashes = npt.NDArray[np.uint64]


def fingerprints(images: Images) -> tuple[Hashes, Images]:
    """Return the hashes ``(rows,)`` uint64 and the thumbnails ``(rows, 256)`` uint8 of pictures.

    Args:
        images: ``(rows, height, width, channels)`` uint8 in full range, both sides at least
            `LEAST_SIDE` pixels, 1 or 3 channels.
    """
    grids = _grids(images)
    return _hashes(grids), _thumbnails(grids)


def telling(thumbnails: Images) -> npt.NDArray[np.bool_]:
    """Return which thumbnails ``(rows, 256)`` have contrast enough to be compared."""
    pixels = thumbnails.shape[1]
    values = thumbnails.astype(np.uint32)
    variance = pixels * (values * values).sum(axis=1) - values.sum(axis=1) ** 2
    found: npt.NDArray[np.bool_] = variance >= (LEAST_CONTRAST * pixels) ** 2
    return found


def _grids(images: Images) -> Images:
    """Return pictures as ``(rows, 32, 32)`` grey means."""
    rows, height, width, _ = images.shape
    if (height, width) == (_GRID, _GRID):
        stacked = images.reshape(rows * height, width, -1)
        return np.asarray(_grey(stacked), np.uint8).reshape(rows, _GRID, _GRID)
    grids = np.empty((rows, _GRID, _GRID), np.uint8)
    for picture, grid in zip(images, grids, strict=True):
        small = _grey(picture).resize((_GRID, _GRID), Image.Resampling.BOX)
        grid[:] = np.asarray(small, np.uint8)
    return grids


def _grey(picture: Images) -> Image.Image:
    if picture.shape[2] == 1:
        return Image.fromarray(picture[..., 0])
    return Image.fromarray(picture).convert("L")


def _hashes(grids: Images) -> Hashes:
    """Return which low frequencies are above their median, the lowest in the highest bit."""
    rows = len(grids)
    cosines = _cosines()
    across = grids.reshape(-1, _GRID).astype(np.float32) @ cosines.T
    down = across.reshape(rows, _GRID, _KEPT).transpose(0, 2, 1).astype(np.float64) @ cosines.T
    frequencies = down.transpose(0, 2, 1).reshape(rows, _KEPT**2)
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def _cosines() -> npt.NDArray[np.float32]:
    """Return the first rows of the DCT-II as whole numbers ``(8, 32)``."""
    places = 2 * np.arange(_GRID) + 1
    angles = np.pi * np.arange(_KEPT)[:, np.newaxis] * places / (2 * _GRID)
    cosines: npt.NDArray[np.float32] = np.rint(_UNIT * np.cos(angles)).astype(np.float32)
    return cosines


def _thumbnails(grids: Images) -> Images:
    """Return means of 2 x 2 cells, rounded half up."""
    cell = _GRID // THUMBNAIL_SIDE
    cells = grids.reshape(len(grids), THUMBNAIL_SIDE, cell, THUMBNAIL_SIDE, cell)
    sums = cells.sum(axis=(2, 4), dtype=np.uint16).reshape(len(grids), THUMBNAIL_SIDE**2)
    means: Images = ((sums + cell**2 // 2) // cell**2).astype(np.uint8)
    return means
