"""`Seen`: what cleaning knows of pictures of one shape. Finding it out is `look`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.encoding import PixelEncoding


@dataclass(frozen=True)
class Asked:
    """What is to be found out of every picture, beyond what costs nothing.

    Attributes:
        frames: how many a file has. grids: see `millrace.data.near_duplicates.fingerprints`.
        histograms: of grey levels. full: the pixels before their reduction.
        reduce_to: see `reduction`.
    """

    frames: bool
    grids: bool
    histograms: bool
    full: bool
    reduce_to: Sequence[int] | None

    @classmethod
    def by(cls, params: Mapping[str, Any]) -> Asked:
        """Return what the clean stage's parameters ask for."""
        rules = params["rules"]
        limits = [*(rules.get("near_blank") or {}).values()]
        limits += (rules.get("intensity") or {}).values()
        return cls(
            frames=rules.get("animated", "first") == "refuse",
            grids=params["labelled"] and rules.get("near_duplicates", "group") == "group",
            histograms=any(limit is not None for limit in limits),
            full=bool(rules.get("rules", ())),
            reduce_to=params.get("reduce_to"),
        )


@dataclass(frozen=True)
class Seen:
    """Pictures of one shape.

    Attributes:
        rows: their row numbers in the table.
        size: height and width, in pixels, before the reduction.
        images: ``(height, width, channels)`` uint8 of each, as they are stored.
        encoding: their layout.
        digests: of pixels and encoding before the reduction, 16 bytes each.
        blank: whether all pixels are equal.
        frames: frames or pages of the file; 1 where nobody asked.
        grids: ``(rows, 32, 32)`` grey means; None where nobody asked or the picture is too small.
        histograms: ``(rows, 256)`` pixels by grey level; None where nobody asked.
        full: the pixels before their reduction; None where nobody asked.
    """

    rows: npt.NDArray[np.int64]
    size: tuple[int, int]
    images: Sequence[Images] | Images
    encoding: PixelEncoding
    digests: npt.NDArray[np.bytes_]
    blank: npt.NDArray[np.bool_]
    frames: npt.NDArray[np.int64]
    grids: Images | None = None
    histograms: npt.NDArray[np.int64] | None = None
    full: Images | None = None


@dataclass(frozen=True)
class Sight:
    """All pictures of a table, by shape, and the rows that cannot be decoded with the reason."""

    rows: int
    groups: list[Seen]
    failures: dict[int, str] = field(default_factory=dict)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the content digest of every row; zeros where there are no pixels."""
        digests = np.zeros(self.rows, "S16")
        for group in self.groups:
            digests[group.rows] = group.digests
        return digests


def united(seen: Iterable[Seen]) -> list[Seen]:
    """Return groups in which pictures of one size and encoding are together."""
    by_shape: dict[tuple[tuple[int, int], PixelEncoding], list[Seen]] = {}
    for one in seen:
        by_shape.setdefault((one.size, one.encoding), []).append(one)
    return [_joined(group) for group in by_shape.values()]


def _joined(group: list[Seen]) -> Seen:
    first = group[0]
    if len(group) == 1:
        return first
    values: dict[str, Any] = {"size": first.size, "encoding": first.encoding}
    values["images"] = [image for one in group for image in one.images]
    for name in ("rows", "digests", "blank", "frames"):
        values[name] = np.concatenate([getattr(one, name) for one in group])
    for name in ("grids", "histograms", "full"):
        if getattr(first, name) is not None:
            values[name] = np.concatenate([getattr(one, name) for one in group])
    return Seen(**values)
