"""`class_counts`: records of each class on each side; none may be empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from millrace.data.integration.splits import SIDES, Sides
from millrace.errors import DataError

_SHOWN = 5


def class_counts(
    labels: npt.NDArray[np.int32], sides: Sides, names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Count records by side and class.

    Args:
        labels: each record's place in `names`. sides: each record's place in `SIDES`.

    Raises:
        DataError: a class has no record on some side.
    """
    counts = {
        side: dict(
            zip(
                names,
                np.bincount(labels[sides == place], minlength=len(names)).tolist(),
                strict=True,
            )
        )
        for place, side in enumerate(SIDES)
    }
    _check(counts, names)
    return {side: counts[side] for side in ("train", "validation", "test")}


def _check(counts: Mapping[str, Mapping[str, int]], names: Sequence[str]) -> None:
    small = [name for name in names if any(counts[side][name] == 0 for side in SIDES)]
    if not small:
        return
    shown = "; ".join(
        f"{name!r}: " + ", ".join(f"{counts[side][name]} {side}" for side in reversed(SIDES))
        for name in small[:_SHOWN]
    )
    raise DataError(
        f"{len(small)} of {len(names)} classes are too small to split",
        where="integrate",
        expected="at least one record of every class in train, validation and test",
        received=shown,
        remedy="Give the class more records, raise split.validation or split.test or `limit`, "
        "or leave the class out: map its label to null in label_map.",
    )
