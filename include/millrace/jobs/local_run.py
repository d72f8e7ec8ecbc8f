"""Run a workflow in this process, without Airflow: the same steps, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from millrace.errors import MillraceError
from millrace.jobs import promotion, steps
from millrace.jobs.progress import Event
from millrace.jobs.workflow_run import RunIdentity, WorkflowRun, start_run

Tell = Callable[[str, Event], None]
"""Called with a task's name and a progress event; ``{"state": …}`` marks start and end."""


def run_workflow(
    workflow: str,
    conf: Mapping[str, Any],
    tell: Tell = lambda task, event: None,
    run_id: str | None = None,
) -> dict[str, Any]:
    """Carry a workflow from its sources to predictions.

    Args:
        workflow: name of a spec in the workflows folder.
        conf: the run's parameters, as in a trigger over REST.
        tell: follows the run.
        run_id: made from the time where it is not given.

    Returns:
        The outcome of `promote`, with ``run_id``.

    Raises:
        MillraceError: a stage failed; the run is recorded as failed.
    """
    run_id = run_id or f"local__{datetime.now(UTC).isoformat(timespec='microseconds')}"
    identity = RunIdentity(workflow, workflow, run_id)
    follow = _Follower(tell)
    run = start_run(identity, conf, "local", report=follow.report)
    try:
        outcome = _run(run, follow)
    except Exception as error:
        known = error if isinstance(error, MillraceError) else MillraceError(repr(error))
        run.catalog.runs.finish(run.id, "failed", known.to_document())
        raise
    run.catalog.runs.finish(run.id, "done")
    return {**outcome, "run_id": run_id}


class _Follower:
    """Names the task whose events pass."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._task = ""

    def report(self, event: Event) -> None:
        """Pass on a stage's event."""
        self._tell(self._task, event)

    def step(self, task: str, function: Callable[[], Any]) -> Any:
        """Do a task, telling its start and end."""
        self._task = task
        self._tell(task, {"state": "running"})
        result = function()
        self._tell(task, {"state": "success"})
        return result


def _run(run: WorkflowRun, follow: _Follower) -> dict[str, Any]:
    do = follow.step
    cleaned, transformed = [], []
    for part in do("discover", lambda: steps.discover(run)):
        collected = do("collect", partial(steps.collect, run, part))
        cleaned.append(do("clean", partial(steps.clean, run, part, collected)))
        transformed.append(do("transform", partial(steps.transform, run, part, cleaned[-1])))
    dataset = do("integrate", lambda: steps.integrate(run, cleaned, transformed))
    bundle = do("train", lambda: steps.train(run, dataset))
    baseline = do("baseline", lambda: steps.baseline(run, dataset))
    evaluated = do("evaluate", lambda: promotion.evaluate(run, dataset, bundle, baseline))
    outcome: dict[str, Any] = do(
        "promote", lambda: promotion.promote(run, dataset, bundle, baseline, evaluated)
    )
    do("predict", lambda: steps.predict(run, dataset, "test.parquet"))
    return outcome
