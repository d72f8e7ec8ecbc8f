"""Numbers as pixels: any whole or broken numbers from 0 to a maximum, as bytes from 0 to 255.

Nothing is clipped: a picture with a number outside of the range, or with NaN, is not usable, and
the reason names its first such pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from millrace.data.encoding import unreadable

Numbers = npt.NDArray[Any]
_HIGH_BYTE = 65_535


def as_bytes(
    values: Numbers, maximum: float, axis: int = 1
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Return `values` from 0 to `maximum` as 0 to 255, and which pictures are within the range.

    Args:
        values: two-dimensional, any boolean, whole or floating type. 16-bit whole numbers of
            maximum 65,535 keep their high byte; others are rounded to the nearest, half to even.
        axis: along which a picture's pixels lie.

    Returns:
        Bytes of the same shape, 0 in place of what is out of range; one truth value a picture.
    """
    if values.dtype == np.uint8 and maximum == 255:
        return values, np.ones(values.shape[1 - axis], bool)
    if values.dtype == np.bool_:
        values = values.view(np.uint8)
    right = (values >= 0) & (values <= maximum)
    good: npt.NDArray[np.bool_] = np.all(right, axis=axis)
    if not good.all():
        values = np.where(right, values, 0)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2 and maximum == _HIGH_BYTE:
        return (values >> 8).astype(np.uint8), good
    if maximum == 255:
        scaled = values if values.dtype.kind in "iu" else np.rint(values)
    else:
        scaled = np.rint(values * (255.0 / maximum))
    return scaled.astype(np.uint8), good


def out_of_range(picture: Numbers, maximum: float, name: str = "pixel") -> str:
    """Return why a picture of numbers is not usable; `name` stands before the first bad number."""
    wrong = np.flatnonzero(~((picture >= 0) & (picture <= maximum)))
    if not len(wrong):
        return "no pixels"
    place = int(wrong[0])
    return f"{name} {place} is {picture[place]:g}, not a number from 0 to {maximum:g}"


def with_unreadable(
    table: pa.Table, reasons: Mapping[int, str], contents: Mapping[int, bytes | None]
) -> pa.Table:
    """Return a RAW table whose rows in `reasons` hold the bytes as they were, and the reason."""
    if not reasons:
        return table
    rows = sorted(reasons)
    mask = np.zeros(table.num_rows, bool)
    mask[rows] = True
    wrong = pa.array(mask)
    values = {
        "content": pa.array([contents.get(row) for row in rows], pa.binary()),
        "encoding": pa.array([unreadable(reasons[row]) for row in rows], pa.string()),
    }
    for name, replacement in values.items():
        column = table[name].combine_chunks()
        changed = pc.replace_with_mask(column, wrong, replacement)
        table = table.set_column(table.schema.get_field_index(name), table.field(name), changed)
    return table
