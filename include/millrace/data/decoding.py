"""`decode`: the pictures of a RAW table as pixels, whatever their encoding. Refuses nothing itself.

Pixels pass as they are, without a copy; for picture files see `millrace.data.picture_file`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.artifacts.tables import Images
from millrace.data.encoding import FILE, UNREADABLE, PixelEncoding
from millrace.data.picture_file import decode_file


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures of one shape.

    Attributes:
        rows: their row numbers in the table.
        images: ``(rows, height, width, channels)`` uint8.
        encoding: the layout of `images`.
    """

    rows: npt.NDArray[np.int64]
    images: Images
    encoding: PixelEncoding

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the content digest of each picture: BLAKE2b of pixels and encoding, 16 bytes."""
        return digest_pictures(self.images, self.encoding)


@dataclass(frozen=True)
class Decoded:
    """A table's pictures, by shape, and the rows that cannot be decoded with the reason."""

    rows: int
    groups: list[Pictures]
    failures: dict[int, str] = field(default_factory=dict)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the content digest of every row; zeros where there are no pixels."""
        digests = np.zeros(self.rows, "S16")
        for group in self.groups:
            digests[group.rows] = group.digests()
        return digests


def decode(content: pa.ChunkedArray, encoding: pa.ChunkedArray) -> Decoded:
    """Decode a column of contents of the given encodings.

    Raises:
        SpecError: an encoding does not exist.
    """
    decoded = Decoded(len(content), [])
    content, encoding = _whole(content), _whole(encoding)
    for name in pc.unique(encoding).to_pylist():
        rows = np.flatnonzero(pc.equal(encoding, name).to_numpy(zero_copy_only=False))
        if name.startswith(UNREADABLE):
            decoded.failures.update(dict.fromkeys(rows.tolist(), name.removeprefix(UNREADABLE)))
            continue
        chosen = content if len(rows) == len(content) else content.take(pa.array(rows))
        if name == FILE:
            _decode_files(decoded, rows, chosen)
        else:
            _decode_pixels(decoded, rows, chosen, PixelEncoding.parse(name))
    return decoded


def digest_pictures(images: Images, encoding: PixelEncoding) -> npt.NDArray[np.bytes_]:
    """Return the content digest of each picture: BLAKE2b of pixels and encoding, 16 bytes."""
    size = encoding.size
    pixels = np.ascontiguousarray(images).reshape(-1).data
    person = blake2b(str(encoding).encode(), digest_size=16).digest()
    digests = [
        blake2b(pixels[start : start + size], digest_size=16, person=person).digest()
        for start in range(0, len(pixels), size)
    ]
    return np.frombuffer(b"".join(digests), "S16")


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, without a copy where it is one already."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(_chunks(column))


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    return column.chunks or [pa.array([], column.type)]


def _decode_files(decoded: Decoded, rows: npt.NDArray[np.int64], content: pa.Array) -> None:
    by_shape: dict[tuple[int, ...], tuple[list[int], list[Images]]] = {}
    for row, data in zip(rows.tolist(), content, strict=True):
        if not data.is_valid:
            decoded.failures[row] = "no content"
            continue
        try:
            image = decode_file(data.as_py())
        except ValueError as error:
            decoded.failures[row] = str(error)
            continue
        numbers, images = by_shape.setdefault(image.shape, ([], []))
        numbers.append(row)
        images.append(image)
    for shape, (numbers, images) in by_shape.items():
        group = Pictures(np.array(numbers), np.stack(images), PixelEncoding(*shape))
        decoded.groups.append(group)


def _decode_pixels(
    decoded: Decoded, rows: npt.NDArray[np.int64], content: pa.Array, encoding: PixelEncoding
) -> None:
    lengths = pc.fill_null(pc.binary_length(content), -1).to_numpy()
    right = lengths == encoding.size
    for row, length in zip(rows[~right].tolist(), lengths[~right].tolist(), strict=True):
        said = "no content" if length < 0 else f"{length} bytes instead of {encoding.size}"
        decoded.failures[row] = said
    if not right.all():
        rows, content = rows[right], content.filter(pa.array(right))
    if len(rows):
        decoded.groups.extend(_within_range(decoded, rows, _view(content, encoding), encoding))


def _within_range(
    decoded: Decoded, rows: npt.NDArray[np.int64], images: Images, encoding: PixelEncoding
) -> Iterator[Pictures]:
    if encoding.maximum < 255:
        over = images.reshape(len(images), -1).max(axis=1) > encoding.maximum
        for row in rows[over].tolist():
            decoded.failures[row] = f"a pixel is above the maximum of {encoding.maximum}"
        if over.any():
            rows, images = rows[~over], images[~over]
    if len(rows):
        yield Pictures(rows, images, encoding)


def _view(content: pa.Array, encoding: PixelEncoding) -> Images:
    """Return contents of one length, without nulls, as pictures that share their memory."""
    offsets = np.frombuffer(content.buffers()[1], np.int32, len(content) + 1, content.offset * 4)
    start = int(offsets[0])
    count = len(content) * encoding.size
    pixels = np.frombuffer(content.buffers()[2], np.uint8, count, start)
    return pixels.reshape(len(content), *encoding.shape)
