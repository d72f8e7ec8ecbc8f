"""`Check`: one question of the gate, with its answer and a sentence for a person."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """A verdict.

    Attributes:
        name: of the check, for example ``accuracy`` or ``slice_drop[camera_2]``.
        passed: the verdict. expected, received: JSON values, the same on every machine.
        sentence: the verdict in words, without a final full stop.
    """

    name: str
    passed: bool
    expected: Any
    received: Any
    sentence: str

    def to_document(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


def words(name: str) -> str:
    """Return a metric's name as it stands in a sentence."""
    known = {"macro_f1": "macro F1", "f1": "F1", "matthews": "Matthews correlation"}
    known["roc_auc"] = "AUC"
    known |= {"r2": "R2", "mae": "mean absolute error", "rmse": "RMSE"}
    return known.get(name, name.replace("_", " "))


def figure(value: float) -> str:
    """Return a figure as people read it: four digits."""
    return f"{value:.4g}"


def figures(value: float, limit: float) -> tuple[str, str]:
    """Return both figures with as many digits, from four, as it takes to tell them apart."""
    for digits in (4, 6, 9):
        texts = f"{value:.{digits}g}", f"{limit:.{digits}g}"
        if texts[0] != texts[1]:
            return texts
    return (repr(value), repr(limit)) if value != limit else (figure(value), figure(limit))
