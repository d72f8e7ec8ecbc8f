"""The bodies of Airflow's tasks: open the run, do the step, return references.

A body is thin on purpose. What a step does is in `millrace.jobs.steps`, imported only when a task
runs, so that parsing a DAG file stays light.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from millrace.orchestration.assets import champion_alias, champion_asset
from millrace.orchestration.policy import airflow_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from millrace.jobs.workflow_run import RunIdentity, WorkflowRun

Reference = Mapping[str, Any]
log = logging.getLogger(__name__)


def discover(workflow: str, purpose: str) -> list[dict[str, Any]]:
    """Start the run and list its partitions."""
    from millrace.jobs import steps
    from millrace.jobs.workflow_run import start_run

    context = get_current_context()
    dag_run = context["dag_run"]
    with airflow_errors():
        run = start_run(
            _identity(workflow, purpose),
            dag_run.conf or {},
            str(dag_run.run_type),
            attempt=context["ti"].try_number,
        )
        with _recorded(run):
            return steps.discover(run)


def collect(workflow: str, purpose: str, partition: Reference) -> Reference:
    """Bring a partition into the store."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        return steps.collect(run, partition)


def clean(workflow: str, purpose: str, partition: Reference, collected: Reference) -> Reference:
    """Apply the data contract to a partition."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        return steps.clean(run, partition, collected)


def transform(workflow: str, purpose: str, partition: Reference, cleaned: Reference) -> Reference:
    """Bring a partition's records into the canonical form."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        return steps.transform(run, partition, cleaned)


def integrate(
    workflow: str, purpose: str, cleaned: Iterable[Reference], transformed: Iterable[Reference]
) -> Reference:
    """Unite the partitions and split them."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        return steps.integrate(run, list(cleaned), list(transformed))


def train(workflow: str, purpose: str, dataset: Reference) -> Reference:
    """Fit the network and export the bundle, in the workflow's runtime."""
    from millrace.jobs import steps

    with _open(workflow, purpose, _follow(get_current_context())) as run:
        return steps.train(run, dataset)


def baseline(workflow: str, purpose: str, dataset: Reference) -> Reference:
    """Fit the scikit-learn model beside the network."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        return steps.baseline(run, dataset)


def evaluate(
    workflow: str, purpose: str, dataset: Reference, bundle: Reference, fitted: Reference
) -> Reference:
    """Score the exported bundle beside the baseline and the champion."""
    from millrace.jobs import promotion

    with _open(workflow, purpose) as run:
        return promotion.evaluate(run, dataset, bundle, fitted)


def promote(
    workflow: str,
    purpose: str,
    dataset: Reference,
    bundle: Reference,
    fitted: Reference,
    evaluated: Reference,
) -> dict[str, Any]:
    """Judge the challenger; a new champion updates the workflow's asset."""
    from millrace.jobs import promotion

    with _open(workflow, purpose) as run:
        outcome = promotion.promote(run, dataset, bundle, fitted, evaluated)
    if outcome["decision"] == "promoted":
        events = get_current_context()["outlet_events"]
        events[champion_alias(workflow)].add(
            champion_asset(workflow), extra={"version": outcome["version"]}
        )
    return outcome


def predict(
    workflow: str, purpose: str, records: Reference, file: str, *, last: bool = False
) -> Reference:
    """Score records with the champion and deliver each exactly once."""
    from millrace.jobs import steps

    with _open(workflow, purpose) as run:
        reference = steps.predict(run, records, file)
        if last:
            run.catalog.runs.finish(run.id, "done")
    if reference is None:
        raise AirflowSkipException("There is no champion yet: nothing was predicted.")
    return reference


def finish(workflow: str, purpose: str) -> None:
    """Record that a mapped prediction run ended well."""
    with _open(workflow, purpose) as run:
        run.catalog.runs.finish(run.id, "done")


def mark_failed(context: Mapping[str, Any]) -> None:
    """Record a failed run: the DAG's callback, for tasks that could not do it themselves."""
    from millrace.catalog.catalog import Catalog
    from millrace.settings import Settings

    dag_run = context["dag_run"]
    catalog = Catalog(Settings.load().catalog)
    record = catalog.runs.find(dag_run.dag_id, dag_run.run_id)
    if record is not None and record.state == "running":
        reason = str(context.get("reason") or "a task failed")
        catalog.runs.finish(record.id, "failed", {"type": "MillraceError", "problem": reason})


@contextmanager
def _open(
    workflow: str, purpose: str, report: Callable[[Mapping[str, Any]], None] = lambda event: None
) -> Iterator[WorkflowRun]:
    from millrace.jobs.workflow_run import open_run

    attempt = get_current_context()["ti"].try_number
    with airflow_errors():
        run = open_run(_identity(workflow, purpose), attempt=attempt, report=report)
        with _recorded(run):
            yield run


@contextmanager
def _recorded(run: WorkflowRun) -> Iterator[None]:
    """Record the run as failed when a task fails for good."""
    from millrace.errors import MillraceError, TransientError

    try:
        yield
    except TransientError:
        raise
    except MillraceError as error:
        run.catalog.runs.finish(run.id, "failed", error.to_document())
        raise


def _identity(workflow: str, purpose: str) -> RunIdentity:
    from millrace.jobs.workflow_run import RunIdentity

    dag_run = get_current_context()["dag_run"]
    return RunIdentity(workflow, dag_run.dag_id, dag_run.run_id, purpose)  # type: ignore[arg-type]


def _follow(context: Any) -> Callable[[Mapping[str, Any]], None]:
    """Return a listener that logs a line an epoch and keeps the newest in Airflow's task state."""
    state = context.get("task_state_store")

    def report(event: Mapping[str, Any]) -> None:
        if "epoch" in event:
            log.info("%s", _line(event))
        if state is not None:
            state.set("progress", json.dumps(dict(event)))

    return report


def _line(event: Mapping[str, Any]) -> str:
    shown = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    figures = "  ".join(
        f"{name} {event[name]:.4f}" for name in shown if isinstance(event.get(name), float)
    )
    return f"epoch {event['epoch']}/{event.get('epochs', '?')}  {figures}"
