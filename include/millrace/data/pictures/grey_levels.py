"""The rules over a picture's grey levels: how much it shows, and how dark or bright it is.

The limits are absolute, so that a verdict depends on nothing but the picture: not on how a source
is cut, nor on what else it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.data.cleaning.reasons import NEAR_BLANK, WRONG_INTENSITY, Refusals
from millrace.data.pictures.seen import Seen

Numbers = npt.NDArray[np.float64]


def refuse_grey_levels(refusals: Refusals, group: Seen, rules: Mapping[str, Any]) -> None:
    """Refuse pictures beyond the limits of `NearBlank` and `Intensity`, where any is set."""
    if group.histograms is None:
        return
    mean, deviation, share = grey_statistics(group.histograms)
    blank, intensity = rules.get("near_blank") or {}, rules.get("intensity") or {}
    checks = (
        (NEAR_BLANK, blank.get("share"), share, 1, "the commonest grey level fills {:.1%}"),
        (NEAR_BLANK, blank.get("deviation"), deviation, -1, "grey levels deviate by {:.2f}"),
        (WRONG_INTENSITY, intensity.get("lowest"), mean, -1, "the mean grey level is {:.1f}"),
        (WRONG_INTENSITY, intensity.get("highest"), mean, 1, "the mean grey level is {:.1f}"),
    )
    for reason, limit, values, sign, words in checks:
        if limit is not None:
            over = sign * values > sign * limit
            details = [words.format(value) for value in values[over].tolist()]
            refusals.refuse(group.rows[over], reason, details)


def grey_statistics(histograms: npt.NDArray[np.int64]) -> tuple[Numbers, Numbers, Numbers]:
    """Return the mean grey level, the standard deviation and the share of the commonest level.

    Args:
        histograms: ``(rows, 256)`` pixels by grey level; the deviation is the population's.
    """
    levels = np.arange(256)
    pixels = histograms.sum(axis=1)
    mean = histograms @ levels / pixels
    square = histograms @ levels**2 / pixels
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return mean, deviation, histograms.max(axis=1) / pixels
