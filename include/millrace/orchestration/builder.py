"""From a workflow's graph to Airflow DAGs. The only place that knows how tasks become operators."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, XComArg, task_group

from millrace.errors import SpecError
from millrace.orchestration.assets import champion_alias, champion_asset, predictions_alias
from millrace.orchestration.deadlines import deadlines_of
from millrace.orchestration.docs import dag_docs, task_docs
from millrace.orchestration.endings import mark_done, mark_failed
from millrace.orchestration.form import prediction_form, training_form
from millrace.orchestration.operators import ask, place
from millrace.orchestration.policy import RETRY
from millrace.settings import Settings
from millrace.workflow.graph import Graph, Map, Purpose, Task, dag_id_of, workflow_graph
from millrace.workflow.loader import load_named
from millrace.workflow.resources import TRAINER_TASKS
from millrace.workflow.spec import AssetSchedule, WorkflowSpec

SLOTS = "MILLRACE_GPU_SLOTS"
"""Environment variable: the size of Airflow's pool `gpu`."""

_RUNS_AT_ONCE = 4


def workflow_dags(name: str, folder: Path | None = None) -> dict[str, DAG]:
    """Return the training and the prediction DAG of a workflow, by DAG id.

    Args:
        name: of the spec. folder: of the specs; the installation's by default.

    Raises:
        SpecError: the spec is wrong; Airflow shows the sentence as the file's import error.
    """
    spec = load_named(folder or Settings.load().workflows, name)
    dags = (_build(spec, "training"), _build(spec, "prediction"))
    return {dag.dag_id: dag for dag in dags}


def _build(spec: WorkflowSpec, purpose: Purpose) -> DAG:
    dag_id = dag_id_of(spec.name, purpose)
    with DAG(
        dag_id,
        schedule=_schedule(spec, purpose),
        catchup=False,
        params=training_form(spec) if purpose == "training" else prediction_form(),
        description=spec.description or None,
        doc_md=dag_docs(spec, dag_id),
        tags={"millrace", spec.task},
        default_args={"owner": "millrace", **RETRY},
        max_active_runs=_RUNS_AT_ONCE,
        deadline=deadlines_of(spec.name) or None,
        on_success_callback=mark_done,
        on_failure_callback=mark_failed,
    ) as dag:
        _wire(spec, purpose, workflow_graph(spec, purpose))
    return dag


def _wire(spec: WorkflowSpec, purpose: Purpose, graph: Graph) -> None:
    """Make an operator of every task and connect them."""
    made: dict[str, XComArg] = {}

    def add(item: Task, more: Mapping[str, Any]) -> None:
        taken = {argument: made[source] for argument, source in item.takes.items()}
        made[item.name] = _placed(spec, purpose, item, {**taken, **item.constants, **more})
        for source in item.after:
            made[source] >> made[item.name]

    def add_group(mapped: Map) -> None:
        @task_group(group_id=mapped.argument, tooltip=f"One {mapped.argument}, without a barrier")
        def each(element: Any) -> None:
            for item in graph:
                if item.mapped == mapped:
                    add(item, {mapped.argument: element})

        each.expand(element=made[mapped.over])

    for item in graph:
        if item.name in made:
            continue
        if item.mapped is None:
            add(item, {})
        else:
            add_group(item.mapped)


def _placed(spec: WorkflowSpec, purpose: Purpose, item: Task, taken: Mapping[str, Any]) -> XComArg:
    """Make an operator of a task, and return its result to come."""
    known: dict[str, Any] = {"workflow": spec.name, "name": item.name, "taken": taken}
    known["options"] = _options(spec, item)
    if item.asks and spec.gate.asks is not None:
        return ask(spec.gate.asks, **known)
    runtime = spec.place_of(item.name, Settings.load().runtime)
    return place(runtime, purpose=purpose, resources=spec.resources, **known)


def _options(spec: WorkflowSpec, item: Task) -> dict[str, Any]:
    """Return the operator's arguments that the task's place in the graph decides."""
    options: dict[str, Any] = {"doc_md": task_docs(item.name)}
    if item.mapped is not None and item.name in TRAINER_TASKS:
        options["max_active_tis_per_dagrun"] = spec.resources.at_once
    if item.gpus:  # Airflow's admission to the GPUs
        _check_slots(item.gpus)
        options |= {"pool": "gpu", "pool_slots": item.gpus}
    if item.produces is not None:
        # Two tasks that announce an asset for the first time would both make it in Airflow's
        # database, and Airflow fails the one that comes second.
        options["max_active_tis_per_dag"] = 1
    if item.produces == "champion":
        options["outlets"] = [champion_alias(spec.name)]
    if item.produces == "predictions":
        options["outlets"] = [predictions_alias(spec.name)]
    if item.name == "finish":  # also where there was no champion and nothing was predicted
        options["trigger_rule"] = "none_failed"
    return options


def _check_slots(gpus: int) -> None:
    """Refuse more GPUs than Airflow's pool has where its size is known: the task would wait on."""
    slots = os.environ.get(SLOTS, "").strip()
    if slots.isdecimal() and gpus > int(slots):
        raise SpecError(
            "the training would wait for ever: it asks for more GPUs than Airflow gives out",
            where="resources.gpus",
            expected=f"at most {slots}, as {SLOTS} says",
            received=gpus,
            remedy=f"Ask for fewer, or set {SLOTS} to the number of GPUs and start Airflow again.",
        )


def _schedule(spec: WorkflowSpec, purpose: Purpose) -> Any:
    schedule = spec.schedule if purpose == "training" else spec.predict.schedule
    if isinstance(schedule, AssetSchedule):
        return [Asset.ref(name=name) for name in schedule.assets]
    if schedule == "champion":
        return [champion_asset(spec.name)]
    return schedule
