"""The body of every Airflow task: open the run, do the step of that name, return references.

It is thin on purpose. What a step does is in `millrace.jobs.steps`, imported only when a task runs,
so that parsing a DAG file stays light.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import conf, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from millrace.orchestration.assets import (
    champion_alias,
    champion_asset,
    predictions_alias,
    predictions_asset,
)
from millrace.orchestration.key_connections import provide_keys
from millrace.orchestration.lineage_operator import opened
from millrace.orchestration.notices_decision import tell_decision
from millrace.orchestration.policy import airflow_errors
from millrace.wording import progress
from millrace.workflow.graph import Graph, Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from millrace.jobs.runtimes import Place
    from millrace.jobs.workflow_run import WorkflowRun

Event = Mapping[str, Any]
log = logging.getLogger(__name__)


def do_task(
    workflow: str,
    purpose: Purpose,
    name: str,
    taken: Mapping[str, Any],
    place: Place | None = None,
) -> Any:
    """Do one task of a run and return its result, an XCom of references.

    Args:
        workflow, purpose: which graph. name: which task of it.
        taken: the step's arguments.
        place: where its jobs are performed; on this machine by default.
    """
    from millrace.jobs.steps import STEPS

    context = get_current_context()
    with task_run(workflow, purpose, name, place) as run:
        opened(run)
        result = STEPS[name](run, **gathered(run.graph, name, taken))
        if run.graph[name].last:
            run.catalog.runs.finish(run.id, "done")
    _check_partitions(name, result)
    _announce(context, workflow, name, result)
    if name == "promote" and not result["repeated"]:
        tell_decision(workflow, result, context)
    if name == "predict" and result is None:
        raise AirflowSkipException("There is no champion that fits: nothing was predicted.")
    return result


def gathered(graph: Graph, name: str, taken: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's arguments with a list for each mapped task that it takes from.

    Airflow gives the result itself, not a list of one, where a task group was mapped to one
    element, and nothing where its only task was skipped.
    """
    item = graph[name]
    many = {key for key, source in item.takes.items() if graph.many(item, source)}
    return {key: _listed(value) if key in many else value for key, value in taken.items()}


def _listed(value: Any) -> list[Any]:
    return [value] if value is None or isinstance(value, Mapping) else list(value)


@contextmanager
def task_run(
    workflow: str, purpose: Purpose, name: str, place: Place | None = None
) -> Iterator[WorkflowRun]:
    """Start or open the run of the present task; record it as failed when the task fails for good.

    Args:
        workflow, purpose, name, place: see `do_task`.
    """
    with airflow_errors(), _run(get_current_context(), workflow, purpose, name, place) as run:
        yield run


@contextmanager
def _run(
    context: Any, workflow: str, purpose: Purpose, name: str, place: Place | None
) -> Iterator[WorkflowRun]:
    """Start or open the run; record it as failed when this task fails for good."""
    from millrace.catalog.catalog import Catalog
    from millrace.errors import MillraceError, TransientError
    from millrace.jobs.workflow_run import RunIdentity, open_run, start_run
    from millrace.settings import Settings
    from millrace.workflow.loader import load_named

    dag_run = context["dag_run"]
    identity = RunIdentity(workflow, dag_run.dag_id, dag_run.run_id, purpose)
    how = {"attempt": context["ti"].try_number, "report": _listener(context)}
    if name == "discover":
        settings = Settings.load()
        with Catalog(settings.catalog) as catalog:
            forgets = bool(catalog.forgotten.pseudonyms(workflow))
        spec = load_named(settings.workflows, workflow)
        provide_keys(spec, dag_run.conf, forgets=forgets)
        run = start_run(identity, dag_run.conf or {}, dag_run.run_type.value, **how)
    else:
        run = open_run(identity, **how, place=place)
        forgets = name == "collect" and bool(run.catalog.forgotten.pseudonyms(workflow))
        provide_keys(run.spec, run.params.model_dump(mode="json"), forgets=forgets)
    try:
        yield run
    except TransientError:
        raise
    except MillraceError as error:
        run.catalog.runs.finish(run.id, "failed", error.to_document())
        raise


def _listener(context: Any) -> Callable[[Event], None]:
    """Return a listener that logs a line an epoch and keeps the newest in Airflow's task state."""
    state = context.get("task_state_store")

    def report(event: Event) -> None:
        if "epoch" in event:
            log.info("%s", progress(event))
        if state is not None:
            _keep(state, event)

    return report


def _keep(state: Any, event: Event) -> None:
    """Keep the newest event; that Airflow cannot take it must not end the task."""
    try:
        state.set("progress", json.dumps(dict(event)))
    except Exception as error:
        log.warning("Airflow did not take the progress: %s", error)


def _check_partitions(name: str, result: Any) -> None:
    """Say in our words that Airflow would refuse to map that many tasks."""
    most = conf.getint("core", "max_map_length")
    if name == "discover" and len(result) > most:
        raise AirflowFailException(
            f"The sources have {len(result):,} partitions; Airflow maps at most {most:,}. Raise "
            "partition_rows of the sources, or Airflow's core.max_map_length."
        )


def _crowned(result: Mapping[str, Any]) -> bool:
    """Whether `promote` made the champion that reigns now."""
    return bool(result["decision"] == "promoted" and result["champion"] == result["version"])


def _announce(context: Any, workflow: str, name: str, result: Any) -> None:
    """Update the assets of what has changed, which starts whatever is scheduled on them."""
    events = context["outlet_events"]
    if name == "promote" and _crowned(result):
        extra = {"version": result["version"]}
        events[champion_alias(workflow)].add(champion_asset(workflow), extra=extra)
    last = name in {"predict", "finish"} and predictions_alias(workflow) in context["task"].outlets
    if last and result is not None and result["delivered"]:
        extra = {"rows": result["delivered"]}
        events[predictions_alias(workflow)].add(predictions_asset(workflow), extra=extra)
