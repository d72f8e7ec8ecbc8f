"""`ClassWorkflow`: a workflow that tells which of some classes a record belongs to."""

from __future__ import annotations

import difflib
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from millrace.workflow.decision import Decision
from millrace.workflow.evaluation import Evaluation
from millrace.workflow.learning import Gate
from millrace.workflow.spec import WorkflowSpec


class ClassWorkflow(WorkflowSpec):
    """One workflow.

    Attributes:
        labels: the classes, in order; empty: the sorted labels that the data holds.
        decision: how one of two classes is predicted.
        evaluation: what is measured beside the ordinary split.
    """

    labels: tuple[str, ...] = Field((), strict=False)
    decision: Decision = Decision()
    gate: Gate = Gate()
    evaluation: Evaluation = Evaluation()

    @field_validator("labels")
    @classmethod
    def _unique_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) != len(labels):
            raise ValueError("labels must be unique")
        if len(labels) == 1:
            raise ValueError("a classification needs at least two labels")
        return labels

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        problem = self.decision.problem(self.labels) if self.labels else None
        if problem is not None:
            raise ValueError(f"a decision between the classes of `labels`: {problem}")
        missing = self.gate.of_a_positive_class() if self.decision.positive is None else ()
        if missing:
            raise ValueError(f"`decision.positive`, which the gate's {', '.join(missing)} need")
        return self

    @model_validator(mode="after")
    def _has_the_folds_of_the_gate(self) -> Self:
        if self.gate.folds is not None and not self.evaluation.folds:
            raise ValueError("`evaluation: {folds: 5}`, which the gate's `folds` need")
        return self

    @model_validator(mode="after")
    def _looks_for_the_leakage_of_the_gate(self) -> Self:
        can_look = type(self.clean).model_fields["near_duplicates"].default == "group"
        if self.gate.leakage == "refuse" and can_look and self.clean.near_duplicates == "keep":
            raise ValueError(
                "`clean.near_duplicates: group`, which the gate's `leakage: refuse` needs: "
                "near duplicates on both sides are leakage that nobody looks for"
            )
        return self

    @property
    def folds(self) -> int:
        """Folds of the cross-validation; 0 is none."""
        return self.evaluation.folds or 0

    def truth(self) -> dict[str, Any]:
        """Return the classes."""
        return {"labels": list(self.labels)}

    def answer(self) -> dict[str, Any]:
        """Return the decision, where a threshold is to be chosen."""
        if self.decision.positive is None:
            return {}
        return {"decision": self.decision.model_dump(mode="json")}

    def label_problem(self, label: str) -> str | None:
        """Say why no record can have a label, or None."""
        if not self.labels or label in self.labels:
            return None
        close = difflib.get_close_matches(label, self.labels, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"one of {', '.join(self.labels)}"
        return f"no label {label!r} in the workflow; {hint}"
