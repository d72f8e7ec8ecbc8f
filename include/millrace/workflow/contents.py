"""What every modality's spec says of its records' contents: the common part of cleaning."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from millrace.workflow.base import IMPLEMENTATION, Fraction, Value

CustomFunction = Annotated[str, Field(pattern=IMPLEMENTATION)]
"""A user's own function, ``package.module:function``."""

LABEL_REASONS = ("missing_label", "unknown_label", "conflicting_label", "conflicting_near_label")
"""Reason codes of quarantine that every modality has; a user's rule has ``rule:<name>``."""


class Cleaning(Value):
    """The data contract of records. Whatever breaks it goes to quarantine with a reason code.

    Attributes:
        reasons: the modality's own reason codes.
        duplicates: ``exact`` keeps the first of records with equal contents; ``keep`` keeps all.
        near_duplicates: ``group`` finds near duplicates and never splits their families over
            training and test; ``keep`` does not look for them.
        near_conflicts: ``refuse`` refuses near duplicates that carry different labels; ``keep``
            only counts them.
        rules: the user's own rules, ``package.module:function``; see `millrace.data.cleaning`.
        budget: the largest share of records that one reason may refuse before the run fails; by
            reason code, ``default`` for the rest. Duplicates are not refusals.
    """

    reasons: ClassVar[tuple[str, ...]] = ()
    duplicates: Literal["exact", "keep"] = "exact"
    near_duplicates: Literal["group", "keep"] = "group"
    near_conflicts: Literal["refuse", "keep"] = "keep"
    rules: tuple[CustomFunction, ...] = Field((), strict=False)
    budget: dict[str, Fraction] = {"default": 0.05}

    @field_validator("budget")
    @classmethod
    def _names_reasons(cls, budget: dict[str, float]) -> dict[str, float]:
        known = {"default", *cls.reasons, *LABEL_REASONS}
        unknown = sorted(n for n in budget if n not in known and not n.startswith("rule:"))
        if unknown:
            raise ValueError(f"reason codes of {sorted(known)} or rule:<name>, not {unknown}")
        return budget
