"""What one would write by hand for a folder of JPEG photos: Pillow on all cores, arrays in memory.

The other side of ``jpeg_folder.py``. `run` makes a data set that may be trusted, `run_in_steps`
also keeps what every step made, and `bare` only decodes and resizes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

SIZE = (64, 64)
"""Height and width, in pixels, of the pictures made."""

_CHUNK = 8  # photos that a process takes at once
Images = np.ndarray[Any, Any]


def run(source: Path, folder: Path, pool: Callable[[int], Executor]) -> None:
    """Make the data set of the photos in `source`: three tables below `folder`.

    Args:
        pool: what makes an executor of that many workers.
    """
    digests, blank, images = _mapped(_checked, source, pool)
    _split(_clean(_photos(source), digests, blank, np.stack(images)), folder)


def run_in_steps(source: Path, folder: Path, pool: Callable[[int], Executor]) -> None:
    """Make the same, and write the files' bytes, the reduced and the resized photos as tables.

    Files are verified by SHA-256 between finding and keeping them.
    """
    paths = _photos(source)
    with pool(_cores()) as workers:
        found = list(workers.map(_sha256, paths, chunksize=_CHUNK))
    contents = [path.read_bytes() for path in paths]
    if [sha256(data).hexdigest() for data in contents] != found:
        raise SystemExit("a file changed")
    names = [str(path) for path in paths]
    _write(pa.table({"record_id": names, "content": contents}), folder / "raw.parquet")
    digests, blank, reduced = _mapped(_reduced, source, pool)
    table = _clean(paths, digests, blank, np.stack(reduced))
    _write(table, folder / "clean.parquet")
    table = pq.read_table(folder / "clean.parquet")
    with pool(_cores()) as workers:
        images = list(workers.map(_small_of, _images(table, reduced[0].shape), chunksize=_CHUNK))
    table = table.drop_columns("image").append_column("image", _column(np.stack(images)))
    _write(table, folder / "canonical.parquet")
    _split(pq.read_table(folder / "canonical.parquet"), folder)


def bare(source: Path, folder: Path, pool: Callable[[int], Executor]) -> None:
    """Write the resized photos and their labels as arrays; check nothing."""
    (images,) = _mapped(_resized, source, pool)
    np.save(folder / "images.npy", np.stack(images))
    np.save(folder / "labels.npy", np.array([path.parent.name for path in _photos(source)]))


def _clean(
    paths: Sequence[Path], digests: Sequence[bytes], blank: Sequence[bool], images: Images
) -> pa.Table:
    """Return the photos without blank ones, equal ones but one, and those that disagree."""
    labels = np.array([path.parent.name for path in paths])
    _, first, inverse = np.unique(np.array(digests, "S16"), return_index=True, return_inverse=True)
    conflicting = np.bincount(inverse, labels != labels[first[inverse]])[inverse] > 0
    kept = ~np.array(blank) & ~conflicting & (first[inverse] == np.arange(len(paths)))
    table = pa.table(
        {
            "record_id": [f"{path.parent.name}/{path.name}" for path in paths],
            "label": labels,
            "content_digest": pa.array(digests, pa.binary(16)),
            "image": _column(images),
        }
    )
    return table if kept.all() else table.filter(pa.array(kept))


def _split(table: pa.Table, folder: Path) -> None:
    """Write the sides, chosen and ordered by digest."""
    digests = b"".join(table["content_digest"].to_pylist())
    words = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    sides = np.digitize(words[:, 0] / 2.0**64, (0.8, 0.9))
    order = np.argsort(words[:, 1])
    for number, side in enumerate(("train", "validation", "test")):
        rows = table.take(pa.array(order[(sides == number)[order]]))
        _write(rows.append_column("split", pa.repeat(side, len(rows))), folder / f"{side}.parquet")


def _write(table: pa.Table, path: Path) -> None:
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    compression = {name: "zstd" if name in texts else "none" for name in table.column_names}
    options = {"use_dictionary": texts, "write_statistics": False}
    pq.write_table(table, path, compression=compression, **options)


def _photos(source: Path) -> list[Path]:
    return sorted(source.glob("*/*.jpg"))


def _mapped(
    function: Callable[[Path], tuple[Any, ...]], source: Path, pool: Callable[[int], Executor]
) -> Iterator[tuple[Any, ...]]:
    with pool(_cores()) as workers:
        return zip(*workers.map(function, _photos(source), chunksize=_CHUNK), strict=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _checked(path: Path) -> tuple[bytes, bool, Images]:
    """Return the digest of a photo's pixels, whether it is blank, and the photo resized."""
    photo = _decoded(path)
    return *_looked_at(photo), _small(photo)


def _reduced(path: Path) -> tuple[bytes, bool, Images]:
    """Return the same with the photo at half its height and width."""
    photo = _decoded(path)
    return *_looked_at(photo), np.asarray(photo.reduce(2))


def _looked_at(photo: Image.Image) -> tuple[bytes, bool]:
    pixels = np.asarray(photo)
    blank = bool((pixels[0, 0] == pixels[-1, -1]).all() and (pixels == pixels[0, 0]).all())
    return blake2b(pixels.data, digest_size=16).digest(), blank


def _resized(path: Path) -> tuple[Images]:
    return (_small(_decoded(path)),)


def _decoded(path: Path) -> Image.Image:
    photo = Image.open(io.BytesIO(path.read_bytes()))
    ImageOps.exif_transpose(photo, in_place=True)
    return photo if photo.mode == "RGB" else photo.convert("RGB")


def _small(photo: Image.Image) -> Images:
    return np.asarray(photo.resize(SIZE[::-1], Image.Resampling.BILINEAR, reducing_gap=2.0))


def _column(images: Images) -> pa.Array:
    size = images[0].size
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(size), len(images), [None, pa.py_buffer(images)]
    )


def _small_of(pixels: Images) -> Images:
    return _small(Image.fromarray(pixels))


def _images(table: pa.Table, shape: tuple[int, ...]) -> Images:
    data = table["image"].combine_chunks()
    return np.frombuffer(data.buffers()[1], np.uint8).reshape(len(data), *shape)
