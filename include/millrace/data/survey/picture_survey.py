"""`PictureSurvey`: sizes, colours and kinds of files, as far as somebody looked."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from millrace.data.decoding import decode
from millrace.data.encoding import FILE, PixelEncoding
from millrace.data.survey.measure import Counted
from millrace.workflow.proposing.picture_seen import SeenPictures
from millrace.workflow.proposing.seen import Span

_COLOUR = 12  # levels by which the channels of a grey picture differ at most, for its compression
_COLOURFUL = 0.05  # share of pixels beyond that, of a picture that has colours
_SOME = 0.1  # share of coloured pictures above which colours count: fewer are tinted grey ones
_ALIKE = 1.1  # ratio of proportions that count as equal
_SIDE = 8  # pixels of a picture that is only split


class PictureSurvey:
    """See `millrace.data.survey.survey.Survey`."""

    keeps_equal: ClassVar[bool] = False
    columns: ClassVar[tuple[str, ...]] = ("content", "encoding")

    def __init__(self) -> None:
        self._modes: Counter[str] = Counter()
        self._formats: Counter[str] = Counter()
        self._heights: list[int] = []
        self._widths: list[int] = []
        self._coloured = 0

    def before(self, raw: Iterable[pa.Table]) -> None:
        """Look at headers."""
        for table in raw:
            pairs = zip(table["content"].to_pylist(), table["encoding"].to_pylist(), strict=True)
            for content, encoding in pairs:
                if encoding != FILE:
                    self._add_pixels(encoding)
                elif content is not None:
                    self._add_file(content)

    def trial(self) -> dict[str, Any]:
        """Return a workflow that refuses what is refused by default."""
        return {
            "task": "image_classification",
            "transform": {"size": [_SIDE, _SIDE], "channels": 1},
            "model": {"kind": "mlp"},
        }

    def add(self, cleaned: pa.Table) -> None:
        """Count pictures with colours."""
        self._coloured += _count_coloured(cleaned)

    def seen(self, counted: Counted) -> SeenPictures:
        """Return what was seen."""
        heights, widths = np.array(self._heights or [1]), np.array(self._widths or [1])
        proportions = heights / widths
        accepted = max(1, sum(counted.classes.values()))
        return SeenPictures(
            **{**asdict(counted), "sources": counted.sources},
            heights=span(heights),
            widths=span(widths),
            colour=self._coloured > _SOME * accepted,
            coloured=self._coloured,
            unlike=bool(proportions.max() > _ALIKE * proportions.min()),
            modes=dict(self._modes.most_common()),
            formats=dict(self._formats.most_common()),
        )

    def quick(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the document with small pictures."""
        return {**document, "transform": {**document["transform"], "size": [_SIDE, _SIDE]}}

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


def span(values: npt.NDArray[np.int64]) -> Span:
    """Return the span of numbers, one at least."""
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
