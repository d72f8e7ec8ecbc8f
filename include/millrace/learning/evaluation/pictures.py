"""Pictures out of record tables, for people to look at: chosen rows, and whatever can be decoded.

Quarantined content is hostile by definition: what cannot be shown becomes None, never an error.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from millrace.artifacts.tables import Images

LONGEST_SIDE = 256
"""Pixels; larger quarantined pictures are shrunk."""

_BATCH = 256  # rows decoded at once
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def take_rows(path: Path, rows: Iterable[int], columns: list[str]) -> list[dict[str, Any]]:
    """Return the given rows of a table file, in the given order; other row groups are not read."""
    order = list(rows)
    found: dict[int, dict[str, Any]] = {}
    start = 0
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            wanted = sorted({row for row in order if start <= row < stop})
            if wanted:
                batches = file.iter_batches(_BATCH, row_groups=[group], columns=columns)
                found |= _pick(batches, start, wanted)
            start = stop
    return [found[row] for row in order]


def _pick(batches: Iterable[Any], start: int, wanted: list[int]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    for batch in batches:
        stop = start + batch.num_rows
        inside = [row for row in wanted if start <= row < stop]
        places = pa.array([row - start for row in inside], pa.int64())
        found |= zip(inside, batch.take(places).to_pylist(), strict=True)
        start = stop
    return found


def pixels(content: bytes, shape: tuple[int, int, int]) -> Images:
    """Return a canonical picture ``(height, width, channels)``."""
    return np.frombuffer(content, np.uint8).reshape(shape)


def thumbnail(content: bytes | None, encoding: str | None) -> Images | None:
    """Return a refused record's picture ``(height, width, 1 or 3)``, or None where it has none.

    Pillow raises errors of many kinds for hostile files; each of them means None.
    """
    if not content or not encoding:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a decompression bomb is first a warning
            image = _raw(content, encoding) if encoding != "file" else _file(content)
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            shown = np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except Exception:
        return None
    return shown if shown.ndim == 3 else shown[..., None]


def _file(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    return image


def _raw(content: bytes, encoding: str) -> Image.Image:
    """Decode ``pixels;height=28;width=28;channels=1;maximum=255``."""
    fields = dict(part.split("=", 1) for part in encoding.split(";")[1:])
    height, width, channels = (int(fields[name]) for name in ("height", "width", "channels"))
    values = np.frombuffer(content, np.uint8).reshape(height, width, channels)
    scaled = np.round(values * (255.0 / int(fields.get("maximum", 255)))).clip(0, 255)
    picture = scaled.astype(np.uint8)
    if channels not in _MODES:
        picture = picture[..., :1]
    return Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
