"""`HounsfieldEncoding`: how the bytes of a slice in Hounsfield units are laid out, and its size."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from millrace.errors import SpecError

HOUNSFIELD = "hu;"
"""How the encoding begins of a slice in Hounsfield units."""

_NUMBER = r"(\d{1,4}(?:\.\d{1,6})?|-)"
_PATTERN = re.compile(
    rf"hu;([1-9]\d{{0,4}})x([1-9]\d{{0,4}});{_NUMBER}x{_NUMBER}x{_NUMBER}"
    r"(?:;at(-?\d{1,5}(?:\.\d{1,4})?))?"
)
_FARTHEST = 99_999.0  # mm: no scanner's; such a place is taken for unknown

Spacing = tuple[float | None, float | None, float | None]
"""Millimetres between rows and between columns, and the slice's thickness; None is unknown."""


@dataclass(frozen=True)
class HounsfieldEncoding:
    """Row-major int16 Hounsfield units, little-endian.

    Attributes:
        height, width: pixels. spacing: of the pixels.
        place: of the slice along the normal of its plane, millimetres; None is unknown.
    """

    height: int
    width: int
    spacing: Spacing = (None, None, None)
    place: float | None = None

    def __str__(self) -> str:
        lengths = "x".join("-" if s is None else f"{round(s, 6):g}" for s in self.spacing)
        text = f"{HOUNSFIELD}{self.height}x{self.width};{lengths}"
        if self.place is None or abs(self.place) > _FARTHEST:
            return text
        return f"{text};at{f'{round(self.place, 4) + 0.0:.4f}'.rstrip('0').rstrip('.')}"

    @property
    def size(self) -> int:
        """Bytes of a slice."""
        return 2 * self.height * self.width

    @classmethod
    def parse(cls, text: str) -> HounsfieldEncoding:
        """Read the text of an `encoding` column; raise `SpecError` where it is none."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise SpecError(
                "a source names an encoding that does not exist",
                where="encoding",
                expected=f"{str(cls(512, 512, (0.45, 0.45, 5.0)))!r} with the slice's own numbers",
                received=text,
                remedy="Correct the source's reader.",
            )
        row, column, thickness = (None if n == "-" else float(n) for n in match.groups()[2:5])
        place = None if match[6] is None else float(match[6])
        return cls(int(match[1]), int(match[2]), (row, column, thickness), place)

    def values(self, content: bytes) -> npt.NDArray[np.int16]:
        """Return the slice ``(height, width)`` that bytes hold.

        Raises:
            ValueError: they are of another length.
        """
        if len(content) != self.size:
            raise ValueError(f"{len(content)} bytes instead of {self.size}")
        return np.frombuffer(content, "<i2").reshape(self.height, self.width)
