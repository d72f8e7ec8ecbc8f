"""The reason codes, and `Refusals`: which rows of a table are refused; the first reason wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

UNDECODABLE = "undecodable"
ANIMATED = "animated"
WRONG_SHAPE = "wrong_shape"
WRONG_SIZE = "wrong_size"
BLANK = "blank"
NEAR_BLANK = "near_blank"
WRONG_INTENSITY = "wrong_intensity"
MISSING_LABEL = "missing_label"
UNKNOWN_LABEL = "unknown_label"
CONFLICTING_LABEL = "conflicting_label"
CONFLICTING_NEAR_LABEL = "conflicting_near_label"
RULE = "rule:"

_NONE: Any = None


class Refusals:
    """The refused rows of a table of `rows` rows."""

    def __init__(self, rows: int) -> None:
        self._reason = np.full(rows, None, object)
        self._detail = np.full(rows, None, object)

    @property
    def accepted(self) -> npt.NDArray[np.bool_]:
        """Which rows are not refused so far."""
        accepted: npt.NDArray[np.bool_] = self._reason == _NONE
        return accepted

    def refuse(self, rows: npt.NDArray[np.int64], reason: str, detail: str | Sequence[str]) -> None:
        """Refuse rows, unless they are refused already.

        Args:
            detail: one for all, or one a row.
        """
        details = np.full(len(rows), detail, object)
        if not isinstance(detail, str):
            details[:] = list(detail)
        new = self._reason[rows] == _NONE
        self._reason[rows[new]] = reason
        self._detail[rows[new]] = details[new]

    def reasons(self) -> pa.Array:
        """Return the reason of every row; null where it is accepted."""
        return pa.array(self._reason, pa.string())

    def details(self) -> pa.Array:
        """Return the detail of every row; null where it is accepted."""
        return pa.array(self._detail, pa.string())
