"""`SeenTable`: what was seen of the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from millrace.workflow.proposing.seen import Seen


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column.

    Attributes:
        low, median, high: of them. whole: whether all are whole numbers.
    """

    low: float
    median: float
    high: float
    whole: bool


@dataclass(frozen=True)
class SeenColumn:
    """A column.

    Attributes:
        name: of it.
        rows: records that were looked at. missing: those without a value.
        numbers: of a column of numbers, else null.
        categories: of a column of names, the most frequent first.
        distinct: number of categories; there may be more than `categories` has.
        odd: values that are no numbers in a column of numbers.
        left_out: why it is not learnt from; null where it is.
    """

    name: str
    rows: int
    missing: int = 0
    numbers: Numbers | None = None
    categories: tuple[str, ...] = ()
    distinct: int = 0
    odd: int = 0
    left_out: str | None = None


@dataclass(frozen=True, kw_only=True)
class SeenTable(Seen):
    """What was seen.

    Attributes:
        columns: all but the label's and the group's. missing_words: texts that seem to mean a
            missing value, beyond the usual ones.
        label: what the labels are like, where they are numbers to predict.
    """

    modality: ClassVar[str] = "table"
    columns: tuple[SeenColumn, ...]
    missing_words: tuple[str, ...] = ()
    label: Numbers | None = None

    @property
    def tells_classes(self) -> bool:
        """Whether labels are classes."""
        return self.label is None

    @property
    def used(self) -> tuple[SeenColumn, ...]:
        """The columns that are learnt from."""
        return tuple(column for column in self.columns if column.left_out is None)
