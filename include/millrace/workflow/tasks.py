"""Every task that a workflow can be of, and the kind of spec that describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, field_validator

from millrace.workflow.base import Value
from millrace.workflow.ct_workflow import CtWorkflow
from millrace.workflow.image_workflow import ImageWorkflow
from millrace.workflow.spec import WorkflowSpec
from millrace.workflow.table_workflow import RegressionWorkflow, TableWorkflow
from millrace.workflow.text_workflow import TextWorkflow

TASKS: Mapping[str, type[WorkflowSpec]] = {
    "image_classification": ImageWorkflow,
    "ct_classification": CtWorkflow,
    "text_classification": TextWorkflow,
    "tabular_classification": TableWorkflow,
    "tabular_regression": RegressionWorkflow,
}


class _Named(Value):
    """A document of which only the task is known."""

    model_config = ConfigDict(extra="ignore")
    task: str

    @field_validator("task")
    @classmethod
    def _is_known(cls, task: str) -> str:
        if task not in TASKS:
            raise ValueError(" or ".join(TASKS))
        return task


def kind_of(document: Any) -> type[WorkflowSpec]:
    """Return the kind of spec that a document is; raise pydantic's error where it names none."""
    return TASKS[_Named.model_validate(document).task]


def parse(document: Any) -> WorkflowSpec:
    """Return the spec of a document; raise pydantic's error where it is wrong."""
    return kind_of(document).model_validate(document)
