"""Run a workflow in this process, without Airflow: the same steps, one after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from millrace.errors import MillraceError
from millrace.jobs.progress import Event
from millrace.jobs.steps import STEPS
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run
from millrace.workflow.graph import Graph, Purpose, Task, dag_id_of

log = logging.getLogger(__name__)
Tell = Callable[[str, Event], None]
"""Called with a task's name and a progress event; ``{"state": …}`` marks start and end."""


def run_workflow(
    workflow: str,
    conf: Mapping[str, Any],
    tell: Tell = lambda task, event: None,
    run_id: str | None = None,
    purpose: Purpose = "training",
) -> dict[str, Any]:
    """Carry a workflow from its sources to predictions.

    Args:
        workflow: name of a spec in the workflows folder.
        conf: the run's parameters, as in a trigger over REST.
        tell: follows the run.
        run_id: made from the time where it is not given.
        purpose: prediction takes the champion that is there.

    Returns:
        The outcome of `promote`, or of `finish`, with ``run_id``.

    Raises:
        MillraceError: a stage failed; the run is recorded as failed.
    """
    run_id = run_id or f"local__{datetime.now(UTC).isoformat(timespec='microseconds')}"
    identity = RunIdentity(workflow, dag_id_of(workflow, purpose), run_id, purpose)
    follow = _Follower(tell)
    run = start_run(identity, conf, "local", report=follow.report)
    _tell_of_pods(run)
    try:
        results = _run(run, follow)
    except BaseException as error:  # an interrupted run has failed, too
        known = error if isinstance(error, MillraceError) else MillraceError(repr(error))
        run.catalog.runs.finish(run.id, "failed", known.to_document())
        raise
    run.catalog.runs.finish(run.id, "done")
    return {**results["promote" if purpose == "training" else "finish"], "run_id": run_id}


class _Follower:
    """Names the task whose events pass."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._task = ""

    def report(self, event: Event) -> None:
        """Pass on a stage's event."""
        self._tell(self._task, event)

    def step(self, run: WorkflowRun, task: Task, taken: Mapping[str, Any]) -> Any:
        """Do a task, telling its start and end."""
        self._task = task.name
        self._tell(task.name, {"state": "running"})
        result = STEPS[task.name](_placed(run, task), **taken, **task.constants)
        self._tell(task.name, {"state": "success"})
        return result


def _placed(run: WorkflowRun, task: Task) -> WorkflowRun:
    """Return the run with its jobs where the task's are performed: here, or in containers here."""
    if run.spec.place_of(task.name, run.settings.runtime) != "docker":
        return run
    from millrace.jobs.runtimes.docker.place import docker_place

    labels = {"millrace.workflow": run.identity.workflow, "millrace.task": task.name}
    place = docker_place(run.settings, task.name, run.spec.resources, labels)
    return replace(run, executor=replace(run.executor, place=place))


def _tell_of_pods(run: WorkflowRun) -> None:
    """Warn where a task's jobs belong into pods, which only Airflow launches."""
    default = run.settings.runtime
    tasks = [t.name for t in run.graph if run.spec.place_of(t.name, default) == "kubernetes"]
    if tasks:
        log.warning("Pods are launched by Airflow only: %s runs on this machine", ", ".join(tasks))


def _run(run: WorkflowRun, follow: _Follower) -> dict[str, Any]:
    """Do the graph's tasks in order and return their results by name."""
    results: dict[str, Any] = {}
    for task in run.graph:
        if task.mapped is None:
            taken = {argument: results[source] for argument, source in task.takes.items()}
            results[task.name] = follow.step(run, task, taken)
            continue
        results[task.name] = [
            follow.step(
                run, task, {task.mapped.argument: element, **_row(run.graph, task, results, number)}
            )
            for number, element in enumerate(results[task.mapped.over])
        ]
    return results


def _row(graph: Graph, task: Task, results: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return what a mapped task takes for the element `number`."""
    return {
        argument: results[source][number]
        if graph[source].mapped == task.mapped
        else results[source]
        for argument, source in task.takes.items()
    }
