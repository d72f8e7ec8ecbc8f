"""From a workflow's graph to Airflow DAGs. The only place that knows how tasks become operators."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Asset, XComArg, task, task_group

from millrace.orchestration import tasks
from millrace.orchestration.assets import champion_alias, champion_asset, predictions_asset
from millrace.orchestration.docs import dag_docs, task_docs
from millrace.orchestration.form import prediction_form, training_form
from millrace.orchestration.policy import RETRY
from millrace.settings import Settings
from millrace.workflow.loader import load_named
from millrace.workflow.spec import AssetSchedule, Schedule, WorkflowSpec


def workflow_dags(name: str, folder: Path | None = None) -> dict[str, DAG]:
    """Return the training and the prediction DAG of a workflow, by DAG id.

    Args:
        name: of the spec. folder: of the specs; the installation's by default.

    Raises:
        SpecError: the spec is wrong; Airflow shows the sentence as the file's import error.
    """
    spec = load_named(folder or Settings.load().workflows, name)
    return {dag.dag_id: dag for dag in (_training_dag(spec), _prediction_dag(spec))}


def _training_dag(spec: WorkflowSpec) -> DAG:
    with _dag(spec, spec.name, spec.schedule, training_form(spec)) as dag:
        made = _Tasks(spec, "training")
        parts = made.partitions(predict=False)
        dataset = made("integrate")(cleaned=parts["cleaned"], transformed=parts["transformed"])
        known = {
            "dataset": dataset,
            "bundle": made("train", **_gpu(spec))(dataset=dataset),
            "fitted": made("baseline")(dataset=dataset),
        }
        evaluated = made("evaluate")(**known)
        promoting = made("promote", outlets=[champion_alias(spec.name)])
        promoted = promoting(**known, evaluated=evaluated)
        predicting = made("predict", outlets=[predictions_asset(spec.name)])
        promoted >> predicting(records=dataset, file="test.parquet", last=True)
    return dag


def _prediction_dag(spec: WorkflowSpec) -> DAG:
    schedule = spec.predict.schedule
    when = [champion_asset(spec.name)] if schedule == "champion" else schedule
    with _dag(spec, f"{spec.name}_predict", when, prediction_form()) as dag:
        made = _Tasks(spec, "prediction")
        predicted = made.partitions(predict=True)["predicted"]
        outlet = [predictions_asset(spec.name)]
        predicted >> made("finish", outlets=outlet, trigger_rule="none_failed")()
    return dag


class _Tasks:
    """Makes the tasks of one DAG: each calls its namesake in `tasks` for this workflow."""

    def __init__(self, spec: WorkflowSpec, purpose: str) -> None:
        self._own = {"workflow": spec.name, "purpose": purpose}

    def __call__(self, name: str, **options: Any) -> Callable[..., XComArg]:
        """Return the task `name`, to be called with its upstream references."""
        made = task(task_id=name, doc_md=task_docs(name), **options)(getattr(tasks, name))
        return partial(made, **self._own)

    def partitions(self, *, predict: bool) -> dict[str, Any]:
        """Return what the tasks of all partitions made, by task; no barrier between partitions."""

        @task_group(group_id="partition", tooltip="One partition of a source")
        def each(partition: Any) -> Any:
            collected = self("collect")(partition=partition)
            cleaned = self("clean")(partition=partition, collected=collected)
            transformed = self("transform")(partition=partition, cleaned=cleaned)
            predicted = (
                self("predict")(records=transformed, file="records.parquet") if predict else None
            )
            return {"cleaned": cleaned, "transformed": transformed, "predicted": predicted}

        made: Any = each.expand(partition=self("discover")())
        return dict(made)


def _dag(
    spec: WorkflowSpec, dag_id: str, schedule: Schedule | list[Any], form: dict[str, Any]
) -> DAG:
    return DAG(
        dag_id,
        schedule=_schedule(schedule),
        catchup=False,
        params=form,
        description=spec.description or None,
        doc_md=dag_docs(spec, dag_id),
        tags={"millrace", spec.task},
        default_args=RETRY,
        max_active_runs=4,
        on_failure_callback=tasks.mark_failed,
    )


def _schedule(schedule: Schedule | list[Any]) -> Any:
    if isinstance(schedule, AssetSchedule):
        return [Asset.ref(name=name) for name in schedule.assets]
    return schedule


def _gpu(spec: WorkflowSpec) -> dict[str, Any]:
    """Return the pool of a task that wants GPUs: Airflow's admission to them."""
    gpus = spec.resources.gpus
    return {"pool": "gpu", "pool_slots": gpus} if gpus else {}
