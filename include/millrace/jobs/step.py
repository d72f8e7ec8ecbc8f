"""What the steps of a workflow's tasks have in common: the values they pass, how a stage is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.artifacts.reference import ArtifactRef
from millrace.jobs.execute import Job
from millrace.jobs.workflow_run import WorkflowRun

Reference = Mapping[str, Any]
"""An `ArtifactRef` as JSON values: what an XCom holds."""

Partition = Mapping[str, Any]
"""A partition as JSON values."""


def execute(
    run: WorkflowRun,
    stage: str,
    params: Mapping[str, Any],
    inputs: Mapping[str, Sequence[Reference]],
    partition: Partition | None = None,
) -> Reference:
    """Execute a stage of a run and return the reference of its artifact.

    Args:
        run: of the task. stage: its name. params: of it. inputs: its artifacts by role.
        partition: where the task is mapped.
    """
    job = Job(
        stage,
        params,
        {role: [ArtifactRef.from_document(ref) for ref in refs] for role, refs in inputs.items()},
        partition=None if partition is None else title_of(partition),
    )
    return run.executor.execute(job).ref.to_document()


def title_of(partition: Partition) -> str:
    """Return the name of a partition among those of its run."""
    return f"{partition['source']}/{partition['index']}"
