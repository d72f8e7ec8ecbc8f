"""The rules that look at a picture by itself: decodable, of the right shape, not blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.cleaning.reasons import BLANK, UNDECODABLE, WRONG_SHAPE, Refusals
from millrace.data.decoding import Decoded


def refuse_pictures(refusals: Refusals, decoded: Decoded, rules: Mapping[str, Any]) -> None:
    """Refuse what breaks the contract.

    Args:
        rules: the values of `millrace.workflow.images.ImageCleaning`.
    """
    failed = np.array(sorted(decoded.failures), np.int64)
    refusals.refuse(failed, UNDECODABLE, [decoded.failures[row] for row in failed.tolist()])
    wanted = rules.get("shape")
    for group in decoded.groups:
        height, width, _ = group.encoding.shape
        if wanted is not None and (height, width) != tuple(wanted):
            refusals.refuse(group.rows, WRONG_SHAPE, f"{height} x {width} pixels")
        if rules.get("blank_images", "refuse") == "refuse":
            refusals.refuse(group.rows[blank(group.images)], BLANK, "all pixels are equal")


def blank(images: Images) -> npt.NDArray[np.bool_]:
    """Return which of ``(rows, height, width, channels)`` pictures have one colour only."""
    rows, channels = len(images), images.shape[3]
    if channels == 1:
        flat = images.reshape(rows, -1)
        found: npt.NDArray[np.bool_] = flat.min(axis=1) == flat.max(axis=1)
        return found
    colours = images.reshape(rows, -1, channels)
    found = (colours[:, -1] == colours[:, 0]).all(axis=1)  # most pictures end here
    found[found] = (colours[found] == colours[found][:, :1]).all(axis=(1, 2))
    return found
