"""`ArrayFile`: the array of an .npy file, a few rows at a time. Nothing is ever unpickled.

Format: NumPy Enhancement Proposal 1; magic, version, length, then a header that is read as a
literal and nothing else. Rows are read, not mapped: a file that is cut off meanwhile is an error
and not the end of the process.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.data.sources.remembered import remembered
from millrace.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 16  # bytes
_TYPE = re.compile(r"[<>|=]?([buifcSUOMmV])(\d{0,9})(\[.*\])?")
_CHUNK = 1 << 20  # bytes
_LETTER = 4  # bytes of one in a text array


@dataclass(frozen=True)
class ArrayFile:
    """An array in C order.

    Attributes:
        path: of the file. name: what errors call it.
        descr: NumPy's name of the type. kind: its letter and size, e.g. ``u1``.
        shape: rows first. offset: byte at which the values begin.
    """

    path: Path
    name: str
    descr: str
    kind: str
    shape: tuple[int, ...]
    offset: int

    @property
    def rows(self) -> int:
        """Length of the first axis."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return math.prod(self.shape[1:]) * _item_bytes(self.kind)

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows `start` to `stop`; raise `DataError` where the file ends before."""
        import numpy as np

        count = (stop - start) * math.prod(self.shape[1:])
        with self.path.open("rb") as file:
            file.seek(self.offset + start * self.row_bytes)
            data = file.read((stop - start) * self.row_bytes)
        if len(data) < (stop - start) * self.row_bytes:
            raise self._damaged(self.offset + self.rows * self.row_bytes)
        values = np.frombuffer(data, np.dtype(self.descr), count)
        return values.reshape(stop - start, *self.shape[1:])

    def digests(self, size: int) -> list[str]:
        """Return the SHA-256 of every `size` rows (the last may be fewer)."""
        asked = ["npy", self.offset, self.row_bytes, self.rows, size]
        found: list[str] = remembered(self.path, asked, lambda: self._digests(size))
        return found

    def digest(self, start: int, stop: int) -> str:
        """Return the SHA-256 of rows `start` to `stop`."""
        digest = sha256()
        left = (stop - start) * self.row_bytes
        with self.path.open("rb") as file:
            file.seek(self.offset + start * self.row_bytes)
            while left and (data := file.read(min(left, _CHUNK))):
                digest.update(data)
                left -= len(data)
        return digest.hexdigest()

    def check_length(self) -> None:
        """Raise `DataError` where the file is shorter or longer than its header says."""
        wanted = self.offset + self.rows * self.row_bytes
        if self.path.stat().st_size != wanted:
            raise self._damaged(wanted)

    def _digests(self, size: int) -> list[str]:
        starts = range(0, self.rows, size)
        return [self.digest(start, min(start + size, self.rows)) for start in starts]

    def _damaged(self, wanted: int) -> DataError:
        return DataError(
            "an array's header does not fit its file",
            where=self.name,
            expected=f"{wanted:,} bytes for shape {self.shape} of {self.descr}",
            received=f"{self.path.stat().st_size:,} bytes",
            remedy="Get the file again.",
        )


def open_array(path: Path, name: str) -> ArrayFile:
    """Return the array of an .npy file.

    Raises:
        DataError: it is no such file, truncated, not in C order, or of objects or structures.
    """
    with path.open("rb") as file:
        start = file.read(12)
        if not start.startswith(_MAGIC) or len(start) < 10:
            raise _not_npy(name, start)
        wide = start[6] >= 2
        length = int.from_bytes(start[8 : 12 if wide else 10], "little")
        file.seek(12 if wide else 10)
        text = file.read(min(length, _LONGEST_HEADER + 1))
    if len(text) < length or length > _LONGEST_HEADER:
        raise _not_npy(name, text)
    descr, fortran, shape = _header(text, name)
    array = ArrayFile(path, name, descr, _kind(descr, name), shape, length + (12 if wide else 10))
    if fortran and sum(side > 1 for side in shape) > 1:
        raise DataError(
            "an array is in Fortran order, whose rows cannot be read one after the other",
            where=name,
            expected="C order",
            remedy="Save it again: `np.save(path, np.ascontiguousarray(array))`.",
        )
    array.check_length()
    return array


def _header(text: bytes, name: str) -> tuple[str, bool, tuple[int, ...]]:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise _not_npy(name, text) from error
    if isinstance(descr, list | tuple):
        raise _unsupported(name, "structures")
    whole = isinstance(shape, tuple) and all(type(n) is int and 0 <= n < 1 << 48 for n in shape)
    if not (isinstance(descr, str) and whole and shape):
        raise _not_npy(name, text)
    return descr, bool(fortran), shape


def _kind(descr: str, name: str) -> str:
    match = _TYPE.fullmatch(descr)
    if match is None:
        raise _unsupported(name, descr)
    letter, size = match[1], match[2]
    if letter in "OVMm" or not _sized(letter, size):
        raise _unsupported(name, "objects" if letter == "O" else descr)
    return f"{letter}{size}"


def _sized(letter: str, size: str) -> bool:
    known = {"b": "1", "u": "1 2 4 8", "i": "1 2 4 8", "f": "2 4 8", "c": "8 16"}
    return size in known[letter].split() if letter in known else size.isdigit() and int(size) > 0


def _item_bytes(kind: str) -> int:
    size = int(kind[1:])
    return size * _LETTER if kind[0] == "U" else size


def _not_npy(name: str, received: bytes) -> DataError:
    return DataError(
        "not an .npy file, or a truncated one",
        where=name,
        expected="the magic \\x93NUMPY and a header",
        received=received[:40],
        remedy="Check the source's kind and URI; get the file again.",
    )


def _unsupported(name: str, received: str) -> DataError:
    return DataError(
        "an array of objects or structures is not read",
        where=name,
        expected="an array of numbers, or of texts for labels",
        received=received,
        remedy="Save it as an array of one plain type; objects are never unpickled, since they "
        "can run code.",
    )
