"""`ScratchRows`: rows of numbers in a scratch file; memory holds what is asked for, no more.

A file is mapped a few megabytes at a time: as long as a map lasts, its pages count as memory of the
process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_WINDOW = 4 << 20  # bytes that are mapped at once, about

Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[Any]


class ScratchRows:
    """Rows ``(rows, width)`` of numbers, or ``(rows,)`` where the width is 1.

    Args:
        path: of the file, which is made anew. kind: of the numbers. width: numbers of a row.
    """

    def __init__(self, path: Path, kind: type[np.generic], width: int = 1) -> None:
        self._path, self._kind = path, np.dtype(kind)
        self._shape = () if width == 1 else (width,)
        self._row_bytes = self._kind.itemsize * width
        path.write_bytes(b"")

    def append(self, rows: Rows) -> None:
        """Take rows after those that there are."""
        with self._path.open("ab") as file:
            file.write(rows.astype(self._kind, copy=False).tobytes())

    def read(self) -> Rows:
        """Return all rows."""
        return np.fromfile(self._path, self._kind).reshape(-1, *self._shape)

    def take(self, numbers: Numbers) -> Rows:
        """Return some rows.

        Args:
            numbers: of the rows, ascending.
        """
        made = np.empty((len(numbers), *self._shape), self._kind)
        window = max(_WINDOW // self._row_bytes, 1)
        low = 0
        while low < len(numbers):
            first = int(numbers[low])
            high = int(np.searchsorted(numbers, first + window))
            made[low:high] = self._mapped(first, int(numbers[high - 1]) + 1)[
                numbers[low:high] - first
            ]
            low = high
        return made

    def _mapped(self, start: int, stop: int) -> Rows:
        shape = (stop - start, *self._shape)
        return np.memmap(self._path, self._kind, "r", start * self._row_bytes, shape)
