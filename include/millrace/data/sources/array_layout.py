"""`ArrayLayout`: which axis of an array of pictures is what, by its shape, type and the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from millrace.data.sources.shapes import picture_shape
from millrace.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_MOST_NUMBERS = 150_000_000  # of a picture
_LONGEST_SIDE = 65_535  # pixels
_CHANNELS = (1, 3)
_HIGHEST = {"b1": 1.0, "u2": 65_535.0}


@dataclass(frozen=True)
class ArrayLayout:
    """How pictures lie in an array.

    Attributes:
        height, width, channels: of a picture.
        first: whether the channels stand before height and width.
        maximum: the number that stands for white.
    """

    height: int
    width: int
    channels: int
    first: bool
    maximum: float

    @property
    def numbers(self) -> int:
        """Numbers of a picture."""
        return self.height * self.width * self.channels

    def to_document(self) -> dict[str, Any]:
        """Return the layout as JSON values."""
        return asdict(self)

    def images(
        self, values: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[np.uint8], dict[int, str], dict[int, bytes | None]]:
        """Return rows of an array as pictures ``(rows, height, width, channels)`` uint8.

        Returns:
            Also why rows are not usable, and the bytes of those rows.
        """
        import numpy as np

        from millrace.data.sources.pixel_values import as_bytes, out_of_range

        flat = values.reshape(len(values), self.numbers)
        pixels, good = as_bytes(flat, self.maximum)
        bad = np.flatnonzero(~good).tolist()
        reasons = {row: out_of_range(flat[row], self.maximum) for row in bad}
        contents: dict[int, bytes | None] = {row: flat[row].tobytes() for row in bad}
        if self.first:
            planes = pixels.reshape(-1, self.channels, self.height, self.width)
            images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
        else:
            images = pixels.reshape(-1, self.height, self.width, self.channels)
        return images, reasons, contents


def find_layout(
    shape: Sequence[int], kind: str, document: Mapping[str, Any], where: str
) -> ArrayLayout:
    """Return the layout of an array of pictures.

    Args:
        shape: of the array, rows first. kind: NumPy's letter and bytes of its type, e.g. ``u1``.
        document: values of a source of arrays.
        where: what errors call the array.

    Raises:
        DataError: it is no array of pictures, or could be two.
    """
    maximum = _maximum(kind, document["maximum"], where)
    height, width, channels, first = _picture(shape, document, where)
    if max(height, width) > _LONGEST_SIDE or height * width * channels > _MOST_NUMBERS:
        raise DataError(
            "the pictures of an array are too large",
            where=where,
            expected=f"at most {_MOST_NUMBERS:,} numbers a picture",
            received=f"{height:,} x {width:,} x {channels}",
        )
    return ArrayLayout(height, width, channels, first, maximum)


def _maximum(kind: str, asked: float | None, where: str) -> float:
    letter = kind[:1]
    if letter not in "buif" or not letter:
        raise DataError(
            "an array holds no numbers",
            where=where,
            expected="truth values, whole numbers or fractions",
            received=_type_name(kind),
            remedy="Save the pictures as an array of numbers; objects are never unpickled.",
        )
    if asked is None and letter == "f":
        raise DataError(
            "an array holds fractions, and what stands for white is not told",
            where=where,
            remedy="Write `maximum: 1` in the source if the pixels are 0 to 1, or `maximum: 255`.",
        )
    return asked if asked is not None else _HIGHEST.get(kind, 255.0)


def _type_name(kind: str) -> str:
    names = {"O": "objects", "U": "texts", "S": "texts", "c": "complex numbers", "V": "structures"}
    return names.get(kind[:1], f"type {kind}")


def _picture(
    shape: Sequence[int], document: Mapping[str, Any], where: str
) -> tuple[int, int, int, bool]:
    """Return height, width, channels, and whether the channels come first."""
    if len(shape) == 2:
        size, channels = document["size"], document["channels"]
        first = document.get("layout") == "channels_first"
        return *picture_shape(shape[1], size, channels, where), first
    if len(shape) == 3 and all(shape[1:]):
        return shape[1], shape[2], 1, False
    if len(shape) == 4 and all(shape[1:]):
        first = _channels_first(shape, document.get("layout", "auto"), where)
        if first is not None:
            order = (2, 3, 1) if first else (1, 2, 3)
            height, width, channels = (shape[axis] for axis in order)
            return height, width, channels, first
    raise DataError(
        "an array is not one of pictures",
        where=where,
        expected="(n, height, width), (n, height, width, 1 or 3), (n, 1 or 3, height, width) or "
        "(n, numbers)",
        received=tuple(shape),
        remedy="Drop other axes and the alpha channel, and save the array again.",
    )


def _channels_first(shape: Sequence[int], layout: str, where: str) -> bool | None:
    """Return whether the channels come first; None where they are at neither place."""
    could_be = {"channels_first": shape[1] in _CHANNELS, "channels_last": shape[3] in _CHANNELS}
    if layout in could_be:
        return layout == "channels_first" if could_be[layout] else None
    if all(could_be.values()):
        raise DataError(
            "an array's channels could be its first or its last axis",
            where=where,
            received=tuple(shape),
            remedy="Write `layout: channels_last` or `layout: channels_first` in the source.",
        )
    return could_be["channels_first"] if any(could_be.values()) else None
