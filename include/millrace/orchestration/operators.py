"""Which operator a task becomes: Airflow's `@task`, a Docker container's, or a Kubernetes pod's.

The container operators are imported only where a workflow uses them: their clients are slow to
import, and an installation without Docker or Kubernetes does without their packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from airflow.sdk import XComArg

from millrace.errors import SpecError
from millrace.orchestration.lineage_operator import step
from millrace.orchestration.tasks import do_task
from millrace.settings import RuntimeName
from millrace.workflow.approval import Approval
from millrace.workflow.graph import Purpose
from millrace.workflow.resources import Resources

_ASKING = "millrace.orchestration.approval_step:ApprovalStep"
_OPERATORS = {
    "docker": "millrace.orchestration.docker_step:DockerStep",
    "kubernetes": "millrace.orchestration.pod_step:PodStep",
}


def place(
    runtime: RuntimeName,
    *,
    workflow: str,
    purpose: Purpose,
    name: str,
    taken: Mapping[str, Any],
    resources: Resources,
    options: Mapping[str, Any],
) -> XComArg:
    """Place a task in the DAG that is being built and return its result to come.

    Args:
        runtime: where its job is performed.
        workflow, purpose, name, taken: see `millrace.orchestration.tasks.do_task`.
        resources: that a container asks for. options: of any operator.

    Raises:
        SpecError: the runtime's packages are not installed.
    """
    if runtime == "local":
        function = step(do_task, task_id=name, **options)
        result: XComArg = function(workflow=workflow, purpose=purpose, name=name, taken=taken)
        return result
    operator = _container_operator(runtime)(
        task_id=name,
        workflow=workflow,
        purpose=purpose,
        step=name,
        taken=taken,
        resources=resources,
        **options,
    )
    return XComArg(operator)


def ask(
    approval: Approval,
    *,
    workflow: str,
    name: str,
    taken: Mapping[str, Any],
    options: Mapping[str, Any],
) -> XComArg:
    """Place a task that asks a person; return its result to come.

    Args:
        approval: whom, and how long. workflow, name, taken, options: see `place`.
    """
    operator = _load(_ASKING)(
        task_id=name, workflow=workflow, step=name, taken=taken, approval=approval, **options
    )
    return XComArg(operator)


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _container_operator(runtime: RuntimeName) -> Any:
    try:
        return _load(_OPERATORS[runtime])
    except ModuleNotFoundError as error:
        raise SpecError(
            f"the runtime {runtime} needs a package that is not installed",
            received=error.name,
            remedy=f"Install it: make extras EXTRAS={runtime}.",
        ) from error
