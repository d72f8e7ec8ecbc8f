"""Arrays in .npy, .npz and HDF5 files: which are pictures and which labels, and what is white."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from millrace.data.sources.files import open_source
from millrace.data.survey.found import Found, side_of, source
from millrace.errors import DataError

_LOOKED_AT = 2_000  # rows whose highest number is looked for
_LABELS = ("label", "target", "class", "y")
_WHITE = (1, 16, 255, 1_023, 4_095, 16_383, 65_535)  # the levels of 10, 12 and 14 bits too


@dataclass(frozen=True)
class Array:
    """An array of a file, by its header; `highest` is None where it is not of numbers.

    Attributes:
        full: white, where nothing else is said, for whole numbers of its type.
    """

    name: str
    shape: tuple[int, ...]
    highest: float | None
    fractions: bool
    full: int = 255


def find_npz(uri: str, stem: str) -> Found:
    """Return the sources of an .npz archive; raise `DataError` where none can be told."""
    path = open_source(uri).path
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = [_of_stream(archive, name) for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise DataError("not a readable .npz archive", where=uri, received=error) from error
    found = [array for array in arrays if array is not None]
    return Found("arrays in an .npz archive", _sources("npz", found, uri, stem))


def find_hdf5(uri: str, stem: str) -> Found:
    """Return the sources of an HDF5 file; raise `DataError` where none can be told."""
    import h5py

    arrays: list[Array] = []

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype is not None and item.shape:
            arrays.append(_array(name, item.shape, item[: _rows(item.shape)]))

    try:
        with h5py.File(open_source(uri).path, "r") as file:
            file.visititems(visit)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError("not a readable HDF5 file", where=uri, received=error) from error
    return Found("arrays in an HDF5 file", _sources("hdf5", arrays, uri, stem))


def find_npy(images: str, labels: str, stem: str) -> Found:
    """Return the source of two .npy files."""
    path = open_source(images).path
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError("not a readable .npy file", where=images, received=error) from error
    seen = _array(stem, array.shape, np.asarray(array[: _rows(array.shape)]))
    document = source(stem, "npy", images=images, labels=labels, maximum=white(seen))
    return Found("arrays in .npy files", (document,))


def white(array: Array) -> float | None:
    """Return the number that stands for white; None where the type's highest does."""
    if array.highest is None:
        return None
    found = next((level for level in _WHITE if array.highest <= level), None)
    return None if found is None or (found == array.full and not array.fractions) else float(found)


def _of_stream(archive: zipfile.ZipFile, name: str) -> Array | None:
    """Return a member by its header and first rows; None where it is no array of numbers."""
    with archive.open(name) as stream:
        try:
            version = np.lib.format.read_magic(stream)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, _, dtype = read(stream)
        except (ValueError, KeyError):
            return None
        if dtype.hasobject or not shape:
            return None
        rows = _rows(shape)
        size = rows * int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        data = np.frombuffer(stream.read(size), dtype)
    return _array(name.removesuffix(".npy"), shape, data)


def _rows(shape: Sequence[int]) -> int:
    return min(shape[0], _LOOKED_AT)


def _array(name: str, shape: Sequence[int], data: Any) -> Array:
    values = np.asarray(data)
    numeric = values.dtype.kind in "biuf" and values.size > 0
    highest = float(np.nanmax(values)) if numeric else None
    full = 65_535 if values.dtype.itemsize == 2 else 255
    return Array(name, tuple(shape), highest, values.dtype.kind == "f", full)


def _sources(
    kind: str, arrays: Sequence[Array], uri: str, stem: str
) -> tuple[Mapping[str, Any], ...]:
    """Return a source a pair of pictures and labels in a file of several arrays."""
    pairs = _pairs(arrays, uri)
    return tuple(
        source(
            _named(stem, images.name, len(pairs)),
            kind,
            side_of(images.name) if len(pairs) > 1 else None,
            uri=uri,
            images=images.name,
            labels=labels.name,
            maximum=white(images),
        )
        for images, labels in pairs
    )


def _pairs(arrays: Sequence[Array], where: str) -> list[tuple[Array, Array]]:
    """Return arrays of pictures with their labels: as long, and of the same side by name."""
    pairs = []
    for images in arrays:
        if len(images.shape) >= 2 and images.highest is not None and images.shape[1] > 1:
            labels = list(_labels(images, arrays))
            if labels:
                pairs.append((images, labels[0]))
    if pairs:
        return pairs
    shown = ", ".join(f"{a.name} {'x'.join(map(str, a.shape))}" for a in arrays[:6])
    raise DataError(
        "no pictures with labels among the arrays",
        where=where,
        expected="an array (n, height, width), (n, height, width, channels) or (n, pixels), and "
        "one (n) of labels",
        received=shown or "no array",
    )


def _labels(images: Array, arrays: Sequence[Array]) -> Iterator[Array]:
    """Yield the arrays that may be the labels, the likeliest first."""
    fitting = [
        array
        for array in arrays
        if array.shape in (images.shape[:1], (*images.shape[:1], 1)) and not array.fractions
    ]

    def rank(array: Array) -> tuple[bool, bool]:
        folder = images.name.rpartition("/")[0] == array.name.rpartition("/")[0]
        named = any(word in array.name.lower() for word in _LABELS)
        return side_of(array.name) != side_of(images.name) or not folder, not named

    yield from sorted(fitting, key=rank)


def _named(stem: str, array: str, count: int) -> str:
    return stem if count == 1 else f"{stem}_{side_of(array) or 'train'}"
