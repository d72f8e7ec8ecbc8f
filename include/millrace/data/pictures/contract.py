"""The rules that look at a picture by itself: decodable, of the right size, not blank or dark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.artifacts.tables import Images
from millrace.data.cleaning.reasons import (
    ANIMATED,
    BLANK,
    UNDECODABLE,
    WRONG_SHAPE,
    WRONG_SIZE,
    Refusals,
)
from millrace.data.pictures.grey_levels import refuse_grey_levels
from millrace.data.pictures.seen import Seen, Sight


def refuse_pictures(refusals: Refusals, sight: Sight, rules: Mapping[str, Any]) -> None:
    """Refuse what breaks the contract.

    Args:
        rules: the values of `millrace.workflow.images.ImageCleaning`.
    """
    failed = np.array(sorted(sight.failures), np.int64)
    refusals.refuse(failed, UNDECODABLE, [sight.failures[row] for row in failed.tolist()])
    for group in sight.groups:
        _refuse_frames(refusals, group)
        _refuse_sizes(refusals, group, rules)
        if rules.get("blank_images", "refuse") == "refuse":
            refusals.refuse(group.rows[group.blank], BLANK, "all pixels are equal")
        refuse_grey_levels(refusals, group, rules)


def _refuse_frames(refusals: Refusals, group: Seen) -> None:
    several = group.frames > 1
    details = [f"{count} frames or pages" for count in group.frames[several].tolist()]
    refusals.refuse(group.rows[several], ANIMATED, details)


def _refuse_sizes(refusals: Refusals, group: Seen, rules: Mapping[str, Any]) -> None:
    height, width = group.size
    said = f"{height} x {width} pixels"
    wanted = rules.get("shape")
    if wanted is not None and group.size != tuple(wanted):
        refusals.refuse(group.rows, WRONG_SHAPE, said)
    limits = rules.get("sizes") or {}
    smallest, largest = limits.get("smallest"), limits.get("largest")
    if smallest is not None and min(group.size) < smallest:
        refusals.refuse(group.rows, WRONG_SIZE, f"{said}, a side below {smallest}")
    if largest is not None and max(group.size) > largest:
        refusals.refuse(group.rows, WRONG_SIZE, f"{said}, a side above {largest}")


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
