"""Workflows over records of tables: `TableWorkflow` tells classes, `RegressionWorkflow` numbers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from millrace.workflow.base import Name
from millrace.workflow.candidates import Candidate
from millrace.workflow.class_workflow import ClassWorkflow
from millrace.workflow.learning import Gate
from millrace.workflow.quantity import QUANTITY_REASONS, Quantity
from millrace.workflow.quantity_learning import QuantityBaseline, QuantityGate, QuantityTraining
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.table_models import AnyTableModel, TableBaseline
from millrace.workflow.tables import TableAugmentation, TableCleaning, TableTransform


class TableCandidate(Candidate):
    """A further network of tables."""

    model: AnyTableModel
    augment: TableAugmentation = TableAugmentation()


class _OfTables(WorkflowSpec):
    """What every workflow over tables says."""

    modality: ClassVar[str] = "table"
    clean: TableCleaning = TableCleaning()
    transform: TableTransform
    model: AnyTableModel
    augment: TableAugmentation = TableAugmentation()

    @model_validator(mode="after")
    def _label_is_no_column(self) -> Self:
        for source in self.sources:
            label = getattr(source, "label", None)
            if label in self.transform.columns:
                raise ValueError(f"{label!r} is the label of the source {source.name}, no column")
        return self

    @model_validator(mode="after")
    def _learns_from_columns_that_are_kept(self) -> Self:
        dropped = [n for n, action in self.privacy.columns.items() if action == "drop"]
        learnt = sorted(set(dropped) & set(self.transform.columns))
        if learnt:
            raise ValueError(f"`privacy.columns` drops {learnt[0]!r}, which the model learns from")
        return self

    def learnt(self) -> dict[str, Any]:
        """Return the columns of the canonical record."""
        return {"columns": sorted(self.transform.columns)}

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        return {**super().cleaning(), **self.transform.model_dump(mode="json")}


class TableWorkflow(_OfTables, ClassWorkflow):
    """Which of some classes a record belongs to. See `include/workflows/breast_cancer.yaml`."""

    task: Literal["tabular_classification"]
    candidates: dict[Name, TableCandidate] = {}
    baseline: TableBaseline = TableBaseline()
    gate: Gate = Gate()


class RegressionCandidate(TableCandidate):
    """A further network of tables that predicts a number."""

    train: QuantityTraining = QuantityTraining()


class RegressionCleaning(TableCleaning):
    """The data contract of records of tables that are labelled with numbers."""

    reasons: ClassVar[tuple[str, ...]] = (*TableCleaning.reasons, *QUANTITY_REASONS)


class RegressionWorkflow(_OfTables):
    """Which number belongs to a record. See `include/workflows/diabetes.yaml`.

    Attributes:
        target: the number.
    """

    task: Literal["tabular_regression"]
    target: Quantity = Quantity()
    clean: RegressionCleaning = RegressionCleaning()
    train: QuantityTraining = QuantityTraining()
    candidates: dict[Name, RegressionCandidate] = {}
    baseline: QuantityBaseline = QuantityBaseline()
    gate: QuantityGate = QuantityGate()

    @model_validator(mode="before")
    @classmethod
    def _has_no_classes(cls, document: Any) -> Any:
        for name in ("labels", "decision"):
            if isinstance(document, dict) and name in document:
                raise ValueError(f"no `{name}`: a regression has no classes, but a `target`")
        return document

    def truth(self) -> dict[str, Any]:
        """Return what numbers labels may be."""
        return {"labels": [], "target": self.target.model_dump(mode="json", exclude={"unit"})}

    def answer(self) -> dict[str, Any]:
        """Return the number that is learnt."""
        return {"target": self.target.model_dump(mode="json")}

    def label_problem(self, label: str) -> str | None:
        """Say why no record can have a label, or None."""
        refusal = self.target.refusal(label)
        return None if refusal is None else refusal[1]
