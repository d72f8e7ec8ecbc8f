"""`look_at_measured`: slices in Hounsfield units, decoded once, and what judging them needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.tables import Images
from millrace.data.encoding import PixelEncoding
from millrace.data.near_duplicates.fingerprints import LEAST_SIDE, grids
from millrace.data.pictures.look import histograms
from millrace.data.pictures.seen import Asked, Seen
from millrace.data.scans.channels import window
from millrace.data.scans.encoding import HounsfieldEncoding
from millrace.data.scans.slices import Slice, UnitlessError, measured_slice
from millrace.data.threads import in_threads

_CENTRE, _WIDTH = 40.0, 400.0
"""HU of the window through which slices are compared and looked at as pictures: soft tissue."""

_Known = tuple[Slice, HounsfieldEncoding]


@dataclass(frozen=True)
class Measured:
    """Slices of a table.

    Attributes:
        slices: by row, with how they are stored. groups: what was seen of them as pictures.
        failures: why a row cannot be decoded. without_unit: rows that are in no unit.
    """

    slices: dict[int, _Known] = field(default_factory=dict)
    groups: list[Seen] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)
    without_unit: list[int] = field(default_factory=list)

    def stacks(self) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int16]]]:
        """Yield the rows and the values ``(rows, height, width)`` of slices of one size."""
        for group in self.groups:
            values = [self.slices[row][0].values for row in group.rows.tolist()]
            yield group.rows, np.stack(values).astype(np.int16)


def look_at_measured(raw: pa.Table, rows: npt.NDArray[np.int64], asked: Asked) -> Measured:
    """Return what was seen of some rows of a RAW table, all in Hounsfield units."""
    found = Measured()
    if not len(rows):
        return found
    chosen = raw.select(["content", "encoding"]).take(pa.array(rows)).to_pylist()
    made = in_threads(lambda one: _decoded(one["content"], one["encoding"]), chosen)
    for row, one in zip(rows.tolist(), made, strict=True):
        if isinstance(one, UnitlessError):
            found.without_unit.append(row)
        elif isinstance(one, ValueError):
            found.failures[row] = str(one)
        else:
            found.slices[row] = one
    by_size: dict[tuple[int, ...], list[int]] = {}
    for row, (known, _) in found.slices.items():
        by_size.setdefault(known.values.shape, []).append(row)
    found.groups.extend(_seen(found, group, asked) for group in by_size.values())
    return found


def as_seen(one: Slice) -> Images:
    """Return a slice in Hounsfield units as a picture ``(height, width)``."""
    return window(one.values.astype(np.float32), _CENTRE, _WIDTH)


def _decoded(content: bytes | None, encoding: str) -> _Known | ValueError:
    try:
        return measured_slice(content, encoding)
    except ValueError as error:
        return error


def _seen(found: Measured, rows: list[int], asked: Asked) -> Seen:
    known = [found.slices[row] for row in rows]
    shown = np.stack([as_seen(one) for one, _ in known])
    images = shown[..., np.newaxis]
    height, width = shown.shape[1:]
    return Seen(
        rows=np.array(rows, np.int64),
        size=(height, width),
        images=images,
        encoding=PixelEncoding.of(images),
        digests=np.array([_digest(*one) for one in known], "S16"),
        blank=np.array([one.values.min() == one.values.max() for one, _ in known], bool),
        frames=np.ones(len(rows), np.int64),
        grids=grids(images) if asked.grids and min(height, width) >= LEAST_SIDE else None,
        histograms=histograms(images) if asked.histograms else None,
    )


def _digest(one: Slice, encoding: HounsfieldEncoding) -> bytes:
    """Return the content digest: BLAKE2b of the values and their layout, 16 bytes.

    Slices of equal values are equal wherever they lie.
    """
    person = blake2b(str(replace(encoding, place=None)).encode(), digest_size=16).digest()
    data = np.ascontiguousarray(one.values, "<i2").tobytes()
    return blake2b(data, digest_size=16, person=person).digest()
