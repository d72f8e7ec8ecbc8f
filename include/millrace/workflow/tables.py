"""What a spec says of cleaning, transforming and augmenting records of tables."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from millrace.workflow.base import Fraction, Value
from millrace.workflow.contents import Cleaning

ColumnName = Annotated[str, Field(min_length=1, max_length=1_000)]
Category = Annotated[str, Field(min_length=1, max_length=1_000)]


class NumericColumn(Value):
    """A column of numbers. Text that is written as a number counts as one: ``12``, ``-0.5``,
    ``1e3``, but not ``1,000``; truth values do not.

    Attributes:
        low, high: refused below and above; null sets no limit.
        missing: ``refuse`` refuses records without a value; ``median`` and ``mean`` put those of
            the training split in its place.
    """

    kind: Literal["numeric"]
    low: float | None = None
    high: float | None = None
    missing: Literal["refuse", "median", "mean"] = "refuse"

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class CategoryColumn(Value):
    """A column of names. Whole numbers and truth values count as their text: ``3``, ``true``.

    Attributes:
        categories: all that there are; others are refused in training. Null takes what is found.
            In prediction, one that training did not see counts as unknown.
        missing: ``refuse`` refuses records without a value; ``most_frequent`` puts the most
            frequent one of the training split in its place; ``unknown`` counts it as unknown.
        places: categories share so many places by their hash, and no vocabulary is learnt; null
            learns one.
    """

    kind: Literal["category"]
    categories: tuple[Category, ...] | None = Field(None, min_length=1, strict=False)
    missing: Literal["refuse", "most_frequent", "unknown"] = "refuse"
    places: Annotated[int, Field(ge=2, le=10_000_000)] | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.categories or ())) < len(self.categories or ()):
            raise ValueError("categories must be unique")
        if self.places is not None and self.missing == "most_frequent":
            raise ValueError("`missing: most_frequent` needs a vocabulary, not `places`")
        return self


Column = Annotated[NumericColumn | CategoryColumn, Field(discriminator="kind")]


class TableCleaning(Cleaning):
    """The data contract of records of tables: what `TableTransform.columns` says of each column.

    Equal are records whose values are equal in all those columns. Tables of few columns have equal
    records by their nature, so both duplicates and conflicts are kept by default; equal records
    are on one side of the split all the same.

    Attributes:
        conflicts: ``refuse`` refuses equal records with different labels; ``keep`` keeps them.
        near_duplicates: only ``keep``: near duplicates are not looked for.
    """

    reasons: ClassVar[tuple[str, ...]] = (
        *("undecodable", "missing_value", "wrong_type", "not_finite"),
        *("out_of_range", "unknown_category"),
    )
    duplicates: Literal["exact", "keep"] = "keep"
    conflicts: Literal["refuse", "keep"] = "keep"
    near_duplicates: Literal["keep"] = "keep"
    near_conflicts: Literal["keep"] = "keep"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.duplicates == "exact" and self.conflicts == "keep":
            raise ValueError(
                "`duplicates: exact` needs `conflicts: refuse`: of equal records with different "
                "labels one alone cannot be kept"
            )
        return self


class TableTransform(Value):
    """The canonical record: these columns, in the order of their names. Others are ignored.

    Attributes:
        columns: by name.
        missing_words: texts that mean a missing value, in every column, as an empty one does.
    """

    columns: dict[ColumnName, Column] = Field(min_length=1)
    missing_words: tuple[str, ...] = Field(
        ("NA", "N/A", "NaN", "nan", "null", "NULL"), strict=False
    )


class TableAugmentation(Value):
    """Random changes to training records; off at 0.

    Attributes:
        noise: standard deviation of Gaussian noise on every number, as a share of the column's own
            where numbers are standardised.
        unknown: share of the categories that become unknown, so that the network learns what to
            answer to those it has not seen.
    """

    noise: Fraction = 0.0
    unknown: Fraction = 0.0
