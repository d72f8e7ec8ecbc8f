"""`Decision`: how one of two classes is predicted from their probabilities.

Only what a person asks for is said here; the threshold itself is found by `learning.threshold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from millrace.workflow.base import Fraction, Value

Cost = Annotated[float, Field(ge=0)]


class Goal(Value):
    """What a threshold is chosen for. Exactly one of the first four fields is given.

    Attributes:
        precision_of, recall_of: a class whose precision or recall is to be `at_least` so much; of
            the thresholds that reach it, the one with the best F1 of the positive class is taken,
            and where none does, the one that comes nearest.
        f1_of: a class whose F1 is to be the highest.
        least: ``cost`` asks for the lowest cost of all mistakes, by the decision's `costs`.
    """

    precision_of: str | None = None
    recall_of: str | None = None
    f1_of: str | None = None
    least: Literal["cost"] | None = None
    at_least: Fraction | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Goal:
        goals = (self.precision_of, self.recall_of, self.f1_of, self.least)
        if sum(goal is not None for goal in goals) != 1:
            raise ValueError("one of precision_of, recall_of, f1_of and `least: cost`")
        if self.bounded != (self.at_least is not None):
            raise ValueError("`at_least` beside precision_of or recall_of, and only there")
        return self

    @property
    def bounded(self) -> bool:
        """Whether it is a figure to be reached, and not the best one."""
        return self.precision_of is not None or self.recall_of is not None

    @property
    def of(self) -> str | None:
        """The class that it names."""
        return self.precision_of or self.recall_of or self.f1_of


class Abstain(Value):
    """Probabilities of the positive class that are too uncertain to act on without a person.

    Attributes:
        low, high: a record with a probability of at least `low` and below `high` needs review.
    """

    low: Fraction
    high: Fraction

    @model_validator(mode="after")
    def _is_a_band(self) -> Abstain:
        if self.low >= self.high:
            raise ValueError("a band: `low` below `high`")
        return self


class Decision(Value):
    """Which class is predicted. Without `positive`, it is the most probable one.

    Attributes:
        positive: the class that is looked for, of two; it is predicted where its probability
            reaches a threshold, and figures of its own are computed.
        goal: what the threshold is chosen for, on the validation split; null is 0.5.
        costs: of a mistake about one record of a class, in any unit, by the class that it is of.
        abstain: predictions that need a person; they are made, marked and counted. Null is none.
    """

    positive: str | None = None
    goal: Goal | None = None
    costs: dict[str, Cost] | None = Field(None, min_length=1)
    abstain: Abstain | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Decision:
        if self.positive is None and (self.goal or self.costs or self.abstain):
            raise ValueError("`positive`, the class that goal, costs and abstain are about")
        if self.costs is not None and not any(self.costs.values()):
            raise ValueError("costs of which at least one is above 0")
        if self.goal is not None and self.goal.least is not None and self.costs is None:
            raise ValueError("`costs`, which the goal `least: cost` needs")
        return self

    def problem(self, labels: Sequence[str]) -> str | None:
        """Say why a problem with these classes cannot be decided so, or None."""
        if self.positive is None:
            return None
        if len(labels) != 2:
            return f"a positive class is one of two classes, and there are {len(labels)}"
        named = [self.positive, *([self.goal.of] if self.goal and self.goal.of else [])]
        unknown = [name for name in (*named, *(self.costs or ())) if name not in labels]
        if unknown:
            return f"{unknown[0]!r} is not one of the classes {', '.join(labels)}"
        if self.costs is not None and len(self.costs) != 2:
            return "costs are needed of mistakes about both classes"
        return None
