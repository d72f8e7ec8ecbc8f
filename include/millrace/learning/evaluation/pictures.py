"""Pictures out of record tables, for people to look at: whatever can be decoded.

Quarantined content is hostile by definition: what cannot be shown becomes None, never an error.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import Image

from millrace.artifacts.tables import Images

LONGEST_SIDE = 256
"""Pixels; larger quarantined pictures are shrunk."""

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


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
