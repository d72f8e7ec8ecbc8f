"""`look`: decode the pictures of a RAW table once, and find out what judging them needs.

Files are decoded and looked at on all cores, one at a time a core; what is kept of each is its
reduced pixels. Judges nothing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.decoding import Pictures, decode, digest_pictures
from millrace.data.encoding import FILE, PixelEncoding
from millrace.data.near_duplicates.fingerprints import LEAST_SIDE, grey, grid, grids
from millrace.data.picture_file import count_frames, load_picture, open_picture, pixels
from millrace.data.pictures.channels import scale
from millrace.data.pictures.contract import blank
from millrace.data.pictures.reduction import reduction
from millrace.data.pictures.seen import Asked, Seen, Sight, united
from millrace.data.threads import in_threads

_File = tuple[int, bytes | None]


def look(raw: pa.Table, asked: Asked) -> Sight:
    """Return what was seen of a RAW table's pictures.

    Raises:
        SpecError: an encoding does not exist.
    """
    files = pc.equal(raw["encoding"], FILE).combine_chunks()
    where = np.flatnonzero(files.to_numpy(zero_copy_only=False))
    sight = Sight(raw.num_rows, [])
    if len(where) < raw.num_rows or not raw.num_rows:
        _look_at_pixels(sight, raw, files, asked)
    if len(where):
        contents = raw["content"].take(pa.array(where)).to_pylist()
        _look_at_files(sight, list(zip(where.tolist(), contents, strict=True)), asked)
    return sight


def _look_at_pixels(sight: Sight, raw: pa.Table, files: pa.Array, asked: Asked) -> None:
    rows = np.flatnonzero(~np.asarray(files))
    chosen = raw if len(rows) == raw.num_rows else raw.take(pa.array(rows))
    decoded = decode(chosen["content"], chosen["encoding"])
    sight.failures.update({int(rows[row]): why for row, why in decoded.failures.items()})
    for group in decoded.groups:
        sight.groups.append(_seen(group, rows, asked))


def _seen(group: Pictures, rows: npt.NDArray[np.int64], asked: Asked) -> Seen:
    height, width, _ = group.encoding.shape
    shown = group.images
    if asked.grids or asked.histograms:
        shown = scale(shown, group.encoding.maximum)
    comparable = asked.grids and min(height, width) >= LEAST_SIDE
    return Seen(
        rows=rows[group.rows],
        size=(height, width),
        images=group.images,
        encoding=group.encoding,
        digests=group.digests(),
        blank=blank(group.images),
        frames=np.ones(len(group.rows), np.int64),
        grids=grids(shown) if comparable else None,
        histograms=histograms(shown) if asked.histograms else None,
        full=group.images if asked.full else None,
    )


def histograms(images: Images) -> npt.NDArray[np.int64]:
    """Return how often each grey level occurs in ``(rows, height, width, channels)`` pictures,
    ``(rows, 256)``.
    """
    levels = grey(images).reshape(len(images), -1)
    counts = [np.bincount(picture, minlength=256) for picture in levels]
    return np.array(counts, np.int64).reshape(len(images), 256)


def _look_at_files(sight: Sight, files: list[_File], asked: Asked) -> None:
    made = in_threads(lambda file: _look_at_file(*file, asked), files)
    for (row, _), one in zip(files, made, strict=True):
        if isinstance(one, str):
            sight.failures[row] = one
    sight.groups.extend(united(one for one in made if not isinstance(one, str)))


def _look_at_file(row: int, data: bytes | None, asked: Asked) -> Seen | str:
    """Return what was seen of a file, or why it cannot be decoded."""
    if data is None:
        return "no content"
    try:
        file = open_picture(data)
        frames = count_frames(file) if asked.frames else 1
        return _seen_file(row, load_picture(file), frames, asked)
    except ValueError as error:
        return str(error)


def _seen_file(row: int, picture: Image.Image, frames: int, asked: Asked) -> Seen:
    full = pixels(picture)[np.newaxis]
    _, height, width, _ = full.shape
    factor = reduction(height, width, asked.reduce_to)
    extent = width / factor, height / factor
    small = picture if factor == 1 else picture.reduce(factor)
    stored = full if factor == 1 else pixels(small)[np.newaxis]
    comparable = asked.grids and min(height, width) >= LEAST_SIDE
    return Seen(
        rows=np.array([row]),
        size=(height, width),
        images=stored,
        encoding=PixelEncoding.of(stored),
        digests=digest_pictures(full, PixelEncoding.of(full)),
        blank=blank(full),
        frames=np.array([frames]),
        grids=grid(small, extent)[np.newaxis] if comparable else None,
        histograms=histograms(full) if asked.histograms else None,
        full=full if asked.full else None,
    )
