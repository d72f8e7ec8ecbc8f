"""`label_texts`: an array of labels as texts. Decides nothing that the array does not say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from millrace.errors import DataError

if TYPE_CHECKING:
    import numpy.typing as npt


def check_labels(shape: Sequence[int], kind: str, rows: int, where: str) -> None:
    """Compare an array of labels with the `rows` pictures that it is for.

    Args:
        shape: of the array. kind: NumPy's letter and bytes of its type, e.g. ``i8``.

    Raises:
        DataError: it holds another number of labels, or is none of labels.
    """
    problem = None
    if len(shape) == 2 and shape[1] > 1:
        problem = "an array of labels has several columns"
    elif len(shape) not in (1, 2) or kind[:1] not in "buifSU":
        problem = "an array is not one of labels"
    elif shape[0] != rows:
        problem = "pictures and labels differ in number"
    if problem is not None:
        raise DataError(
            problem,
            where=where,
            expected=f"({rows},) whole numbers or texts",
            received=f"{tuple(shape)} of type {kind}",
            remedy="Save one label a picture; of one-hot labels, save `labels.argmax(axis=1)`.",
        )


def label_texts(values: npt.NDArray[Any]) -> list[str | None]:
    """Return labels ``(rows,)`` or ``(rows, 1)`` as texts.

    Truth values are 0 and 1; fractions that are whole numbers lose their point; NaN, other
    fractions, empty texts and bytes that are not UTF-8 are no labels.
    """
    flat = values.reshape(-1)
    kind = flat.dtype.kind
    if kind == "b":
        flat = flat.view("u1")
    if kind in "bui":
        return [str(value) for value in flat.tolist()]
    if kind == "f":
        return [_whole(value) for value in flat.tolist()]
    return [text_or_none(value) for value in flat.tolist()]


def text_or_none(value: Any) -> str | None:
    """Return a text or UTF-8 bytes without white space around, or None where nothing is left."""
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
        text.encode("utf-8")
    except UnicodeError:
        return None
    return text.strip().rstrip("\0") or None


def _whole(value: float) -> str | None:
    return str(int(value)) if value.is_integer() else None
