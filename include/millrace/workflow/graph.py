"""The graph of a workflow's tasks, as plain values: what Airflow and the local run both follow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from millrace.errors import SpecError
from millrace.workflow.spec import WorkflowSpec

Purpose = Literal["training", "prediction"]
_PREDICT = "_predict"
Product = Literal["champion", "predictions"]


@dataclass(frozen=True)
class Map:
    """What a task is done for.

    Attributes:
        over: the task whose result is a list: the mapped task is done once for each element.
        argument: of the step, which the element is.
    """

    over: str
    argument: str


@dataclass(frozen=True)
class Task:
    """One task of a workflow; its step is the function of that name in `millrace.jobs.steps`.

    Attributes:
        name: of the task.
        takes: the step's arguments, each the name of the task whose result it is; of tasks that
            are mapped likewise, the result for the same element. The result of a mapped task,
            taken by any other, is the list of the results for all elements.
        constants: further arguments of the step.
        after: tasks that must have ended well, though nothing is taken from them.
        mapped: what it is done for, once each; None: once.
        last: the run has ended well when this task has.
        gpus: devices that it occupies while it runs.
        asks: a person answers, and the task waits for it.
        produces: the asset that changes when it ends well.
    """

    name: str
    takes: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    mapped: Map | None = None
    last: bool = False
    gpus: int = 0
    asks: bool = False
    produces: Product | None = None

    @property
    def upstream(self) -> set[str]:
        """Names of the tasks before this one."""
        return {*self.takes.values(), *self.after, *((self.mapped.over,) if self.mapped else ())}


@dataclass(frozen=True)
class Graph:
    """Tasks, each after all those that it needs; the first is `discover`."""

    tasks: tuple[Task, ...]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, name: str) -> Task:
        found = next((task for task in self.tasks if task.name == name), None)
        if found is None:
            raise SpecError(
                "the run has no such task",
                expected=", ".join(task.name for task in self.tasks),
                received=name,
                remedy="The workflow's file changed since the run began: start another run.",
            )
        return found

    def many(self, task: Task, source: str) -> bool:
        """Whether `task` takes a list from `source`, the results for all elements."""
        mapped = self[source].mapped
        return mapped is not None and mapped != task.mapped


_EACH_PARTITION = Map("discover", "partition")
_EACH_CANDIDATE = Map("candidates", "candidate")
_EACH_FOLD = Map("folds", "fold")
_PARTITION = (
    Task("collect", mapped=_EACH_PARTITION),
    Task("clean", {"collected": "collect"}, mapped=_EACH_PARTITION),
    Task("transform", {"cleaned": "clean"}, mapped=_EACH_PARTITION),
)


_CARDS = {"dataset": "integrate", "evaluated": "evaluate", "collected": "collect"}


def dag_id_of(workflow: str, purpose: Purpose) -> str:
    """Return the name of the DAG of a workflow that serves a purpose."""
    return workflow if purpose == "training" else workflow + _PREDICT


def purpose_of(dag_id: str, workflows: Collection[str]) -> tuple[str, Purpose] | None:
    """Return the workflow of a DAG and what it does; None where it is of none of `workflows`."""
    if dag_id in workflows:
        return dag_id, "training"
    workflow = dag_id.removesuffix(_PREDICT)
    return (workflow, "prediction") if workflow != dag_id and workflow in workflows else None


def workflow_graph(spec: WorkflowSpec, purpose: Purpose) -> Graph:
    """Return the graph from raw data to a champion and its predictions, or to predictions only."""
    return _training(spec) if purpose == "training" else _PREDICTION


def _training(spec: WorkflowSpec) -> Graph:
    bundle = "choose" if spec.competes else "train"
    known = {"dataset": "integrate", "bundle": bundle, "fitted": "baseline"}
    return Graph(
        (
            Task("discover"),
            *_PARTITION,
            Task("integrate", {"cleaned": "clean", "transformed": "transform"}),
            *_trainings(spec),
            *_validation(spec),
            Task("evaluate", {**known, **({"validated": "cross_validate"} if spec.folds else {})}),
            *_explanation(spec, bundle),
            Task("cards", {**_CARDS, "bundle": bundle, **_explained(spec)}),
            *_promotion(spec, {**known, "evaluated": "evaluate"}),
            Task(
                "predict",
                {"records": "integrate"},
                {"file": "test.parquet"},
                after=("promote",),
                last=True,
                produces="predictions",
            ),
        )
    )


def _explanation(spec: WorkflowSpec, bundle: str) -> tuple[Task, ...]:
    """Return the task that explains answers to test records, if that is asked for."""
    if not spec.explanation():
        return ()
    taken = {"dataset": "integrate", "bundle": bundle, "evaluated": "evaluate"}
    return (Task("explain", taken, gpus=spec.resources.gpus_of("explain")),)


def _explained(spec: WorkflowSpec) -> dict[str, str]:
    return {"explained": "explain"} if spec.explanation() else {}


def _promotion(spec: WorkflowSpec, judged: Mapping[str, str]) -> tuple[Task, ...]:
    """Return the tasks that decide about the challenger."""
    if spec.gate.asks is None:
        return (Task("promote", judged, produces="champion"),)
    return (
        Task("approve", judged, after=("cards",), asks=True),
        Task("promote", judged, after=("approve",), produces="champion"),
    )


def _validation(spec: WorkflowSpec) -> tuple[Task, ...]:
    """Return the tasks of the cross-validation, if there is one."""
    if not spec.folds:
        return ()
    return (
        Task("folds", {"dataset": "integrate"}),
        Task("split_fold", {"dataset": "integrate"}, mapped=_EACH_FOLD),
        Task("train_fold", {"part": "split_fold"}, mapped=_EACH_FOLD, gpus=spec.resources.gpus),
        Task("baseline_fold", {"part": "split_fold"}, mapped=_EACH_FOLD),
        Task(
            "cross_validate",
            {
                "dataset": "integrate",
                "parts": "split_fold",
                "bundles": "train_fold",
                "fitted": "baseline_fold",
            },
        ),
    )


def _trainings(spec: WorkflowSpec) -> tuple[Task, ...]:
    dataset, gpus = {"dataset": "integrate"}, spec.resources.gpus
    baseline = Task("baseline", dataset)
    if not spec.competes:
        return Task("train", dataset, gpus=gpus), baseline
    return (
        Task("candidates", after=("discover",)),
        Task("train", dataset, mapped=_EACH_CANDIDATE, gpus=gpus),
        baseline,
        Task("choose", {**dataset, "bundles": "train", "fitted": "baseline"}),
    )


_PREDICTION = Graph(
    (
        Task("discover"),
        *_PARTITION,
        Task(
            "predict",
            {"records": "transform"},
            {"file": "records.parquet"},
            mapped=_EACH_PARTITION,
        ),
        Task(
            "finish",
            {"cleaned": "clean", "predicted": "predict"},
            last=True,
            produces="predictions",
        ),
    )
)

FORCIBLE: Mapping[Purpose, tuple[str, ...]] = {
    "training": (
        *("discover", "collect", "clean", "transform", "integrate"),
        *("train", "baseline", "choose", "folds", "fold", "cross_validate", "shortcuts"),
        *("evaluate", "explain", "cards", "promote", "predict"),
    ),
    "prediction": ("discover", "collect", "clean", "transform", "predict"),
}
"""Tasks whose stages a run may force, in order."""
