"""`ExplainedWorkflow`: a workflow over contents that can be drawn, with what explains an answer."""

from __future__ import annotations

from typing import Any, Self

from pydantic import model_validator

from millrace.workflow.class_workflow import ClassWorkflow
from millrace.workflow.evaluation import Explanation


class ExplainedWorkflow(ClassWorkflow):
    """One workflow.

    Attributes:
        explain: answers to test records by maps, after the evaluation; null: they are not.
    """

    explain: Explanation | None = None

    @model_validator(mode="after")
    def _checks_what_explains(self) -> Self:
        every = {"train": self.train}
        every |= {f"candidates.{name}.train": one.train for name, one in self.candidates.items()}
        unchecked = [f"{name}.explain" for name, train in every.items() if not train.explain]
        if self.explain is not None and unchecked:
            raise ValueError(
                f"`{unchecked[0]}: true`, which makes the sanity checks that `explain` needs; or "
                "`explain: null`"
            )
        return self

    def explanation(self) -> dict[str, Any]:
        """Return how answers to test records are explained, as JSON values; empty: they are not."""
        return {} if self.explain is None else self.explain.model_dump(mode="json")
