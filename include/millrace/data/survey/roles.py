"""`find_roles`: which column of a table is the label, and whether another one is a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from millrace.data.survey.found import Asked
from millrace.errors import DataError, SpecError, shorten
from millrace.workflow.quantity import number_of

PICTURES, TEXT, TABLE = "image", "text", "table"
"""The modalities that rows may be of."""

LABELS = (
    *("label", "labels", "class", "target", "y", "category", "species", "digit"),
    *("sentiment", "spam"),
    *("outcome", "diagnosis", "survived", "churn", "v1", "type", "quality", "grade"),
)
"""Usual names of a label's column, the likeliest first."""

_TEXTS = (
    *("text", "message", "messages", "sms", "body", "content", "comment", "review", "tweet", "v2"),
    *("email", "sentence", "document"),
)
_REPEATED = 3  # records of a class, on average, at least
_MOST_CLASSES = 100  # of a column that no name tells to be the label
_WORDS, _MANY_WORDS = 2.5, 8  # of a text on average; of one among many columns
_BESIDE = 3  # columns beside text and label, above which a text must be a long one
_DIFFERENT = 0.3  # share of distinct values of a text, at least
_SHOWN = 12  # columns of an error
_NUMBERS = 0.9  # share of numbers among measured labels, at least
_FEWEST_FRACTIONS = 20  # different labels, fractions among them, that measure something


@dataclass(frozen=True)
class Column:
    """A column's first values.

    Attributes:
        key: as a source names it: by name or by position. name: in words.
        values: texts, numbers and truth values; null where there is none.
    """

    key: str | int
    name: str
    values: Sequence[Any]

    @property
    def texts(self) -> list[str]:
        """Values as texts, those that are there."""
        found = (str(value).strip() for value in self.values if value is not None)
        return [text for text in found if text]


@dataclass(frozen=True)
class Roles:
    """What columns are.

    Attributes:
        modality: `TEXT` or `TABLE`. text: column of the text; null of a table. label: column.
        named: whether the label's name tells it. told: the label's name.
    """

    modality: str
    text: str | int | None
    label: str | int
    told: str
    named: bool

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the choice."""
        if self.named:
            return ()
        shown = shorten(repr(self.told), 60)
        return (f"{shown} was taken for the label; `--label` names another column.",)


def find_roles(columns: Sequence[Column], asked: Asked, where: str) -> Roles:
    """Return the roles.

    Raises:
        DataError: there is one column only, or no label can be told.
        SpecError: no column is called like the label that was asked for.
    """
    if len(columns) < 2:
        raise DataError(
            "a table of one column",
            where=where,
            expected="a text and its label in every row, or several columns and a label",
            received=shorten(repr(columns[0].name), 60) if columns else "no column",
            remedy="Put the labels into a column named label; or sort texts into a file each, in "
            "one folder a class.",
        )
    text = _text(columns, asked) if asked.allows(TEXT) else None
    if text is None and not asked.allows(TABLE):
        raise _no_text(columns, where)
    label, named = _label(columns, text, asked, where)
    modality = TABLE if text is None else TEXT
    if modality != TABLE or not is_quantity(label.texts):
        _check_classes(label, where)
    return Roles(modality, text.key if text else None, label.key, label.name, named)


def _text(columns: Sequence[Column], asked: Asked) -> Column | None:
    """Return the column of texts, if there is one and it is what the table is about."""
    others = [column for column in columns if not _is_asked(column, asked)]
    found = [(_words(column), column) for column in others]
    likely = [(words, column) for words, column in found if words >= _WORDS]
    if not likely:
        return None
    named = [pair for pair in likely if pair[1].name.lower() in _TEXTS]
    words, best = max(named or likely, key=lambda pair: pair[0])
    beside = sum(bool(column.texts) for column in columns) - 2
    enough = beside <= _BESIDE or words >= _MANY_WORDS or asked.modality == TEXT
    return best if enough else None


def _words(column: Column) -> float:
    """Return words of a value on average; 0 for a column that is surely no text."""
    texts = column.texts
    if not texts or (len(set(texts)) < _DIFFERENT * len(texts) and len(texts) > 1):
        return 0.0
    return sum(len(text.split()) for text in texts) / len(texts)


def _label(
    columns: Sequence[Column], text: Column | None, asked: Asked, where: str
) -> tuple[Column, bool]:
    """Return the label's column, and whether it is named so."""
    others = [column for column in columns if column is not text]
    if asked.label is not None:
        found = next((c for c in others if _is_asked(c, asked)), None)
        if found is None:
            raise SpecError(
                "no column is called so",
                where="--label",
                expected=_names(others),
                received=asked.label,
            )
        return found, True
    for name in LABELS:
        found = next((c for c in others if c.name.lower() == name), None)
        if found is None:
            continue
        measured = text is None and is_quantity(found.texts)
        if _is_label(found) or measured or len(set(found.texts)) == 1:
            return found, True
    if text is not None:
        fitting = [column for column in others if _is_label(column)]
        if fitting:
            return min(fitting, key=lambda column: len(set(column.texts))), False
    borders = [column for column in (others[-1], others[0]) if _is_label(column)]
    if borders:
        return borders[0], False
    raise _no_label(columns, where)


def _check_classes(label: Column, where: str) -> None:
    """Refuse a label that names records or measures something, rather than telling classes."""
    counts = Counter(label.texts)
    if len(counts) > _MOST_CLASSES and 2 * len(counts) > counts.total():
        raise DataError(
            "the label has a value of its own in most records",
            where=f"{where}, {shorten(label.name, 60)}",
            expected="some classes, each with many records; or numbers",
            received=f"{len(counts):,} values in {counts.total():,} records",
            remedy="Name the column of the classes: --label COLUMN.",
        )


def is_quantity(labels: Sequence[str]) -> bool:
    """Whether labels measure something, rather than telling classes: nearly all of them numbers,
    and of very many values, or of fractions with several.
    """
    counts = Counter(labels)
    numbers = {text: number_of(text) for text in counts}
    known = [value for value in numbers.values() if value is not None]
    if sum(counts[t] for t, value in numbers.items() if value is not None) < _NUMBERS * len(labels):
        return False
    several = _FEWEST_FRACTIONS if any(value % 1 for value in known) else _MOST_CLASSES
    return len(set(known)) > several


def _is_asked(column: Column, asked: Asked) -> bool:
    return asked.label is not None and asked.label in (column.name, str(column.key))


def _is_label(column: Column) -> bool:
    """Whether values repeat as classes do, and are not measured numbers."""
    counts = Counter(column.texts)
    if not 2 <= len(counts) <= _MOST_CLASSES:
        return False
    if any(_is_fraction(text) for text in islice(counts, 20)):
        return False
    total = counts.total()
    return len(counts) * _REPEATED <= total or (len(counts) == 2 and total > 2)


def _is_fraction(text: str) -> bool:
    try:
        return float(text) % 1 != 0
    except ValueError:
        return False


def _names(columns: Sequence[Column]) -> str:
    shown = ", ".join(shorten(column.name, 40) for column in columns[:_SHOWN])
    return f"one of {len(columns):,} columns: {shown}{', …' if len(columns) > _SHOWN else ''}"


def _no_label(columns: Sequence[Column], where: str) -> DataError:
    return DataError(
        "a table without a column of labels",
        where=where,
        expected="a column named label (or class, target, category), whose values repeat",
        received=_names(columns),
        remedy="Name it: --label COLUMN, by its name or its position from 0. A column of measured "
        "numbers will do, too, which are then predicted.",
    )


def _no_text(columns: Sequence[Column], where: str) -> DataError:
    return DataError(
        "a table without a column of texts",
        where=where,
        expected="a column whose values are several words each",
        received=_names(columns),
        remedy="Leave out `--kind`, or write the spec by hand.",
    )
