"""`stored_families`: near duplicates among clean pictures, by what cleaning stored of them.

Memory holds a few numbers of 8 bytes a record; thumbnails lie on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import Images, column_to_images, read_table
from millrace.data.near_duplicates.families import families
from millrace.data.near_duplicates.fingerprints import Hashes
from millrace.data.pictures.schema import THUMBNAIL_SIDE

_SIZE = THUMBNAIL_SIDE**2  # bytes

Numbers = npt.NDArray[np.int64]


def stored_families(
    cleaned: Sequence[Path], kept: Numbers, scratch: Path
) -> tuple[Numbers, Numbers]:
    """Return row numbers and their families; see `millrace.data.modality.Modality.families`."""
    path = scratch / "thumbnails"
    hashes, rows = _spilled(cleaned, path)
    numbers = np.flatnonzero(np.isin(rows, kept))
    with _Thumbnails(path, numbers) as thumbnails:
        found = families(hashes[numbers], thumbnails.read) if len(numbers) else numbers
    return rows[numbers], found


class _Thumbnails:
    """Reads chosen thumbnails from a file, never more than are asked for."""

    def __init__(self, path: Path, numbers: Numbers) -> None:
        self._file = path.open("rb")
        self._numbers = numbers

    def __enter__(self) -> _Thumbnails:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def read(self, chosen: Numbers) -> Images:
        """Return the thumbnails ``(count, 256)`` of some of the numbers."""
        file, places = self._file.fileno(), (self._numbers[chosen] * _SIZE).tolist()
        parts = [os.pread(file, _SIZE, place) for place in places]
        return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, _SIZE)


def _spilled(cleaned: Sequence[Path], path: Path) -> tuple[Hashes, Numbers]:
    """Write the thumbnails to `path`; return their hashes and the numbers of their records."""
    hashes, rows, start = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
    with path.open("wb") as file:
        for table in _tables(cleaned):
            known = table["perceptual_hash"].is_valid().to_numpy()
            told = table.filter(pa.array(known))
            hashes.append(told["perceptual_hash"].to_numpy())
            rows.append(start + np.flatnonzero(known))
            file.write(column_to_images(told["thumbnail"], (_SIZE, 1, 1)).tobytes())
            start += table.num_rows
    return np.concatenate(hashes), np.concatenate(rows)


def _tables(cleaned: Sequence[Path]) -> Iterator[pa.Table]:
    for path in cleaned:
        yield from read_table(path, ["perceptual_hash", "thumbnail"])
