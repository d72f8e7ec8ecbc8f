"""`TableWorkflow`: a workflow over records of tables."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from millrace.workflow.base import Name
from millrace.workflow.candidates import Candidate
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.table_models import AnyTableModel, TableBaseline
from millrace.workflow.tables import TableAugmentation, TableCleaning, TableTransform


class TableCandidate(Candidate):
    """A further network of tables."""

    model: AnyTableModel
    augment: TableAugmentation = TableAugmentation()


class TableWorkflow(WorkflowSpec):
    """Which of some classes a record belongs to. See `include/workflows/breast_cancer.yaml`."""

    modality: ClassVar[str] = "table"
    task: Literal["tabular_classification"]
    clean: TableCleaning = TableCleaning()
    transform: TableTransform
    model: AnyTableModel
    augment: TableAugmentation = TableAugmentation()
    candidates: dict[Name, TableCandidate] = {}
    baseline: TableBaseline = TableBaseline()

    @model_validator(mode="after")
    def _label_is_no_column(self) -> Self:
        for source in self.sources:
            label = getattr(source, "label", None)
            if label in self.transform.columns:
                raise ValueError(f"{label!r} is the label of the source {source.name}, no column")
        return self

    def cleaning(self) -> dict[str, Any]:
        """Return what decides how a record is cleaned by itself, as JSON values."""
        return {**super().cleaning(), **self.transform.model_dump(mode="json")}
