"""`common`: what all transformed records of a data set have in common, which must be one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.errors import DataError

Transform = Mapping[str, Any]


def common(transforms: Sequence[Transform | None]) -> Transform | None:
    """Return the transform (or form) of all inputs; None where they do not say it.

    Raises:
        DataError: they differ.
    """
    first = transforms[0]
    other = next((one for one in transforms if one != first), first)
    if other != first:
        raise DataError(
            "the records were transformed in different ways",
            where="integrate",
            expected=f"one transform: {first}",
            received=other,
            remedy="Run the transform stage on every partition with the same values.",
        )
    return first
