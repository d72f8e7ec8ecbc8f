"""`resize`: pictures of one shape to another height and width, by Pillow's bilinear filter.

The filter averages where it shrinks and computes in integers: the same bytes on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image

from millrace.artifacts.tables import Images
from millrace.data.threads import in_threads

Mode = Literal["stretch", "fit", "crop"]
Box = tuple[float, float, float, float]


def resize(images: Images, size: tuple[int, int], mode: Mode) -> Images:
    """Return ``(rows, height, width, channels)`` pictures at ``(height, width)`` `size`.

    Args:
        mode: ``stretch`` to the size; ``fit`` inside it, padded with black on both sides; ``crop``
            the largest centred part of the wanted proportions.
    """
    if images.shape[1:3] == size:
        return images
    one = _resizer(images.shape[1:3], size, mode)
    made = np.zeros((len(images), *size, images.shape[3]), np.uint8)
    in_threads(lambda pair: one(*pair), list(zip(images, made, strict=True)))
    return made


def _resizer(
    old: tuple[int, int], new: tuple[int, int], mode: Mode
) -> Callable[[Images, Images], None]:
    (height, width), (top, left) = _inside(old, new) if mode == "fit" else (new, (0, 0))
    box = _middle(old, new) if mode == "crop" else (0.0, 0.0, float(old[1]), float(old[0]))

    def one(picture: Images, target: Images) -> None:
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        small = image.resize((width, height), Image.Resampling.BILINEAR, box=box)
        pixels = np.asarray(small).reshape(height, width, -1)
        target[top : top + height, left : left + width] = pixels

    return one


def _inside(old: tuple[int, int], new: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the size inside `new` that keeps `old`'s proportions, and its top and left."""
    factor = min(new[0] / old[0], new[1] / old[1])
    height = min(max(round(old[0] * factor), 1), new[0])
    width = min(max(round(old[1] * factor), 1), new[1])
    return (height, width), ((new[0] - height) // 2, (new[1] - width) // 2)


def _middle(old: tuple[int, int], new: tuple[int, int]) -> Box:
    """Return the box (left, top, right, bottom) of `old` with `new`'s proportions."""
    factor = min(old[0] / new[0], old[1] / new[1])
    height, width = new[0] * factor, new[1] * factor
    top, left = (old[0] - height) / 2, (old[1] - width) / 2
    return left, top, min(left + width, old[1]), min(top + height, old[0])
