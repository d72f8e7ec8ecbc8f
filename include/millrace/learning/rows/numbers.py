"""`Scaling`: numbers of columns as features: filled in, drawn in, scaled. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LARGEST = 1e6
"""Absolute value of a feature, at most: beyond it, float32 networks answer with NaN."""

Values = npt.NDArray[np.float64]

_FIELDS = ("fill", "low", "high", "offset", "scale")


@dataclass(frozen=True)
class Scaling:
    """Figures of each column, in double precision.

    Attributes:
        names: of the columns, sorted.
        fill: stands for what is missing; NaN leaves it so.
        low, high: numbers beyond are drawn to them.
        offset: is taken from each number before it is multiplied by `scale`.
    """

    names: tuple[str, ...]
    fill: Values
    low: Values
    high: Values
    offset: Values
    scale: Values

    def __call__(self, numbers: Values) -> npt.NDArray[np.float32]:
        """Return features of numbers ``(rows, columns)``, NaN being missing."""
        with np.errstate(over="ignore"):
            x = np.where(np.isnan(numbers), self.fill, numbers)
            x = (np.clip(x, self.low, self.high) - self.offset) * self.scale
        return np.clip(x, -LARGEST, LARGEST).astype(np.float32)

    def to_document(self) -> list[dict[str, Any]]:
        """Return the columns as JSON values; what there is not is null."""
        figures = {field: getattr(self, field).tolist() for field in _FIELDS}
        return [
            {"name": name} | {field: _or_none(figures[field][place]) for field in _FIELDS}
            for place, name in enumerate(self.names)
        ]

    @classmethod
    def of(cls, document: Sequence[Mapping[str, Any]]) -> Scaling:
        """Return the scaling of a document."""
        absent = {"fill": np.nan, "low": -np.inf, "high": np.inf}
        fields = {
            field: np.array(
                [absent[field] if c[field] is None else c[field] for c in document], np.float64
            )
            for field in _FIELDS
        }
        return cls(tuple(str(column["name"]) for column in document), **fields)


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
