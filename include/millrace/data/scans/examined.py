"""`ScanExaminer`: looks at CT slices for the clean stage; what it saw is an `Examined`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.cleaning.reasons import Refusals
from millrace.data.cleaning.rules import refuse_by_rules
from millrace.data.near_duplicates.fingerprints import LEAST_SIDE, grid
from millrace.data.pictures.batches import batches
from millrace.data.pictures.contract import refuse_pictures
from millrace.data.pictures.facts import picture_facts
from millrace.data.pictures.fingerprinted import fingerprint_columns
from millrace.data.pictures.look import look
from millrace.data.pictures.schema import THUMBNAIL_SIDE
from millrace.data.pictures.seen import Asked, Seen, Sight
from millrace.data.scans.head import box_of, head_mask
from millrace.data.scans.measured import Measured, as_seen, look_at_measured
from millrace.data.scans.slices import Slice, grey, is_measured
from millrace.data.threads import in_threads

NO_HEAD = "no_head"
NOT_HOUNSFIELD = "not_hounsfield"

_NOTHING = np.zeros((2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE), np.uint8)
"""The grid of a head too small to tell its likes apart."""


class ScanExaminer:
    """Decodes each slice once.

    Args:
        params: the clean stage's parameters.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        asked = Asked.by(params)
        self._asked = replace(asked, grids=False)
        self._grids = asked.grids
        self._heads = params["rules"].get("smallest_head") is not None

    def batches(self, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        """Yield the tables, in order; those with picture files in parts."""
        return batches(tables, self._asked)

    def __call__(self, raw: pa.Table) -> ExaminedScans:
        """Look at the slices of a RAW table."""
        measured = np.array([is_measured(name) for name in raw["encoding"].to_pylist()], bool)
        sight = _look_at_pictures(raw, np.flatnonzero(~measured), self._asked)
        found = look_at_measured(raw, np.flatnonzero(measured), self._asked)
        sight.failures.update(found.failures)
        heads = _heads(sight, found) if self._heads or self._grids else {}
        if self._grids:
            sight.groups[:] = [_with_grids(group, heads) for group in sight.groups]
            found.groups[:] = [_with_grids(group, heads) for group in found.groups]
        return ExaminedScans(sight, found, {row: head.share for row, head in heads.items()})


class ExaminedScans:
    """What was seen of a RAW table's slices.

    Args:
        pictures: those of 8 bits, and all failures. measured: those in Hounsfield units.
        heads: share of the slice that the head covers, by row; none where nobody asked.
    """

    def __init__(self, pictures: Sight, measured: Measured, heads: Mapping[int, float]) -> None:
        self._sight = Sight(
            pictures.rows, [*pictures.groups, *measured.groups], dict(pictures.failures)
        )
        self._pictures = pictures
        self._measured = measured
        self._heads = heads

    def facts(self, raw: pa.Table) -> pa.Table:
        """Return what is known of the slices without what they show, see `FACTS`."""
        return picture_facts(raw, self._sight)

    def refuse(self, refusals: Refusals, rules: Mapping[str, Any]) -> None:
        """Refuse what breaks `millrace.workflow.ct.CtCleaning`."""
        without = np.array(sorted(self._measured.without_unit), np.int64)
        refusals.refuse(without, NOT_HOUNSFIELD, "the pixel values are not in Hounsfield units")
        refuse_pictures(refusals, self._sight, rules)
        least = rules.get("smallest_head")
        if least is not None:
            small = {row: share for row, share in sorted(self._heads.items()) if share < least}
            details = [f"a head of {share:.1%} of the slice" for share in small.values()]
            refusals.refuse(np.array(list(small), np.int64), NO_HEAD, details)

    def apply_rules(
        self, refusals: Refusals, labels: Sequence[str | None], paths: Sequence[str]
    ) -> None:
        """Apply the user's own rules: to pictures as they were, to others in Hounsfield units."""
        groups: list[tuple[npt.NDArray[np.int64], Any]] = [
            (group.rows, group.full) for group in self._pictures.groups if group.full is not None
        ]
        groups += [(rows, values[..., np.newaxis]) for rows, values in self._measured.stacks()]
        refuse_by_rules(refusals, groups, labels, paths)

    def digests(self) -> npt.NDArray[np.bytes_]:
        """Return the digest of every slice; zeros where there is none."""
        return self._sight.digests()

    def columns(self) -> Mapping[str, pa.Array]:
        """Return fingerprints, and slices as they are stored; empty where undecodable."""
        hashes, thumbnails = fingerprint_columns(self._sight)
        contents: list[bytes] = [b""] * self._sight.rows
        encodings = [""] * self._sight.rows
        for group in self._pictures.groups:
            for row, image in zip(group.rows.tolist(), group.images, strict=True):
                contents[row], encodings[row] = image.tobytes(), str(group.encoding)
        for row, (one, encoding) in self._measured.slices.items():
            contents[row], encodings[row] = one.values.astype("<i2").tobytes(), str(encoding)
        return {
            "perceptual_hash": hashes,
            "thumbnail": thumbnails,
            "content": pa.array(contents, pa.binary()),
            "encoding": pa.array(encodings, pa.string()),
        }


def _look_at_pictures(raw: pa.Table, rows: npt.NDArray[np.int64], asked: Asked) -> Sight:
    """Return what was seen of some rows of a table."""
    if len(rows) == raw.num_rows:
        return look(raw, asked)
    seen = look(raw.take(pa.array(rows)), asked)
    groups = [replace(group, rows=rows[group.rows]) for group in seen.groups]
    failures = {int(rows[row]): why for row, why in seen.failures.items()}
    return Sight(raw.num_rows, groups, failures)


@dataclass(frozen=True)
class _Head:
    """The head in a slice: its share of the slice, and its grid."""

    share: float
    grid: Images


def _heads(pictures: Sight, measured: Measured) -> dict[int, _Head]:
    slices = [(row, one, as_seen(one)) for row, (one, _) in measured.slices.items()]
    for group in pictures.groups:
        for row, image in zip(group.rows.tolist(), group.images, strict=True):
            levels = grey(image[np.newaxis], group.encoding.maximum)[0]
            slices.append((row, Slice(levels), levels))
    found = in_threads(lambda known: _head(*known[1:]), slices)
    return {row: head for (row, *_), head in zip(slices, found, strict=True)}


def _head(one: Slice, shown: Images) -> _Head:
    mask = head_mask(one)
    left, top, right, bottom = box_of(mask)
    if min(right - left, bottom - top) < LEAST_SIDE:
        return _Head(float(mask.mean()), _NOTHING)
    part = np.where(mask, shown, np.uint8(0))[top:bottom, left:right]
    return _Head(float(mask.mean()), grid(Image.fromarray(part)))


def _with_grids(group: Seen, heads: Mapping[int, _Head]) -> Seen:
    """Return slices with what they are compared by: the head alone, wherever it lies."""
    return replace(group, grids=np.stack([heads[row].grid for row in group.rows.tolist()]))
