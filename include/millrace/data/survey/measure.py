"""`Measured`: counts over collected and cleaned partitions, as far as somebody looked."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from millrace.artifacts.tables import Images, read_table
from millrace.data.cleaning.reasons import CONFLICTING_LABEL
from millrace.data.decoding import decode
from millrace.data.encoding import FILE, PixelEncoding
from millrace.data.near_duplicates.families import families
from millrace.data.survey.found import Found
from millrace.workflow.proposing.seen import Seen, Span

_COLOUR = 12  # levels by which the channels of a grey picture differ at most, for its compression
_COLOURFUL = 0.05  # share of pixels beyond that, of a picture that has colours
_SOME = 0.1  # share of coloured pictures above which colours count: fewer are tinted grey ones
_ALIKE = 1.1  # ratio of proportions that count as equal


class Measured:
    """Grows by partitions; `seen` says what came together."""

    def __init__(self) -> None:
        self.looked_at = 0
        self._equal: dict[bytes, list[str]] = {}  # labels of the accepted, by content
        self._refused: Counter[str] = Counter()
        self._modes: Counter[str] = Counter()
        self._formats: Counter[str] = Counter()
        self._heights: list[int] = []
        self._widths: list[int] = []
        self._unlabelled = self._duplicates = self._coloured = 0
        self._hashes: list[npt.NDArray[np.uint64]] = []
        self._thumbnails: list[Images] = []

    def add(self, raw: Path, cleaned: Path) -> None:
        """Count a partition.

        Args:
            raw: the collected records. cleaned: folder of the tables that cleaning made of them.
        """
        for table in read_table(raw, ["label", "content", "encoding"]):
            self.looked_at += table.num_rows
            self._unlabelled += sum(not (label or "").strip() for label in _list(table, "label"))
            self._add_files(table)
        for table in read_table(cleaned / "records.parquet"):
            self._coloured += _count_coloured(table)
            self._add_prints(table)
            self._add_labels(table)
        for table in read_table(cleaned / "quarantine.parquet", ["reason"]):
            self._refused.update(_list(table, "reason"))
        for table in read_table(cleaned / "duplicates.parquet", ["record_id"]):
            self._duplicates += table.num_rows

    def seen(self, found: Found, total: int) -> Seen:
        """Return what was seen; `total` is the number of records there are."""
        classes, duplicates, conflicting = self._compared()
        refused = self._refused + Counter({CONFLICTING_LABEL: conflicting} if conflicting else {})
        heights, widths = np.array(self._heights or [1]), np.array(self._widths or [1])
        proportions = heights / widths
        return Seen(
            format=found.format,
            sources=found.sources,
            total=total,
            looked_at=self.looked_at,
            classes=dict(sorted(classes.items())),
            unlabelled=self._unlabelled,
            heights=_span(heights),
            widths=_span(widths),
            colour=self._coloured > _SOME * max(1, sum(classes.values())),
            coloured=self._coloured,
            unlike=bool(proportions.max() > _ALIKE * proportions.min()),
            modes=dict(self._modes.most_common()),
            formats=dict(self._formats.most_common()),
            refused=dict(refused.most_common()),
            duplicates=self._duplicates + duplicates,
            near_duplicates=self._near_duplicates(),
        )

    def _compared(self) -> tuple[Counter[str], int, int]:
        """Return what partitions have in common, as integration will find it.

        Returns:
            Records by label, duplicates, and records whose equals have another label.
        """
        classes: Counter[str] = Counter()
        duplicates = conflicting = 0
        for labels in self._equal.values():
            if len(set(labels)) == 1:
                classes[labels[0]] += 1
                duplicates += len(labels) - 1
            else:
                conflicting += len(labels)
        return classes, duplicates, conflicting

    def _add_labels(self, table: pa.Table) -> None:
        digests, labels = _list(table, "content_digest"), _list(table, "label")
        for digest, label in zip(digests, labels, strict=True):
            if label is not None:
                self._equal.setdefault(digest, []).append(label)

    def _add_files(self, table: pa.Table) -> None:
        for content, encoding in zip(
            _list(table, "content"), _list(table, "encoding"), strict=True
        ):
            if encoding != FILE:
                self._add_pixels(encoding)
            elif content is not None:
                self._add_file(content)

    def _add_pixels(self, encoding: str) -> None:
        if encoding.startswith("pixels;"):
            layout = PixelEncoding.parse(encoding)
            self._add_one(layout.height, layout.width, "L" if layout.channels == 1 else "RGB", "")

    def _add_file(self, content: bytes) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(io.BytesIO(content)) as image:
                    width, height = image.size
                    self._add_one(height, width, image.mode, image.format or "")
        except Exception:  # a decoder may raise anything; cleaning says what it is
            return

    def _add_one(self, height: int, width: int, mode: str, kind: str) -> None:
        self._heights.append(height)
        self._widths.append(width)
        self._modes[mode] += 1
        if kind:
            self._formats[kind] += 1

    def _add_prints(self, table: pa.Table) -> None:
        new = [digest not in self._equal for digest in _list(table, "content_digest")]
        known = table.filter(pc.and_(pa.array(new), pc.is_valid(table["perceptual_hash"])))
        if known.num_rows:
            self._hashes.append(known["perceptual_hash"].to_numpy())
            pixels = b"".join(known["thumbnail"].to_pylist())
            self._thumbnails.append(np.frombuffer(pixels, np.uint8).reshape(known.num_rows, -1))

    def _near_duplicates(self) -> int:
        """Return the number of pictures that look like another one that was seen."""
        if not self._hashes:
            return 0
        thumbnails = np.concatenate(self._thumbnails)
        family = families(np.concatenate(self._hashes), thumbnails.__getitem__)
        return int(len(family) - len(np.unique(family)))


def _list(table: pa.Table, name: str) -> list[Any]:
    values: list[Any] = table[name].to_pylist()
    return values


def _span(values: npt.NDArray[np.int64]) -> Span:
    return Span(int(values.min()), int(np.median(values)), int(values.max()))


def _count_coloured(table: pa.Table) -> int:
    """Return how many pictures have colours that a grey one, however stored, has not."""
    count = 0
    for group in decode(table["content"], table["encoding"]).groups:
        if group.encoding.channels == 3:
            for image in group.images:
                levels = image.astype(np.int16)
                spread = levels.max(axis=2) - levels.min(axis=2)
                count += int((spread > _COLOUR).mean() > _COLOURFUL)
    return count
