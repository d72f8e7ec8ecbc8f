"""The graph of a workflow's tasks, as plain values: what Airflow and the local run both follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from millrace.workflow.spec import WorkflowSpec

Purpose = Literal["training", "prediction"]
Product = Literal["champion", "predictions"]


@dataclass(frozen=True)
class Task:
    """One task of a workflow; its step is the function of that name in `millrace.jobs.steps`.

    Attributes:
        name: of the task.
        takes: the step's arguments, each the name of the task whose result it is. The result of a
            mapped task, taken by one that is not mapped, is the list of all partitions' results.
        constants: further arguments of the step.
        after: tasks that must have ended well, though nothing is taken from them.
        mapped: once for every partition, as the step's argument `partition`.
        last: the run has ended well when this task has.
        gpus: devices that it occupies while it runs.
        produces: the asset that changes when it ends well.
    """

    name: str
    takes: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    mapped: bool = False
    last: bool = False
    gpus: int = 0
    produces: Product | None = None

    @property
    def upstream(self) -> set[str]:
        """Names of the tasks before this one."""
        return {*self.takes.values(), *self.after, *(("discover",) if self.mapped else ())}


@dataclass(frozen=True)
class Graph:
    """Tasks, each after all those that it needs; the first is `discover`."""

    tasks: tuple[Task, ...]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, name: str) -> Task:
        return next(task for task in self.tasks if task.name == name)


_PARTITION = (
    Task("collect", mapped=True),
    Task("clean", {"collected": "collect"}, mapped=True),
    Task("transform", {"cleaned": "clean"}, mapped=True),
)


def workflow_graph(spec: WorkflowSpec, purpose: Purpose) -> Graph:
    """Return the graph from raw data to a champion and its predictions, or to predictions only."""
    return _training(spec) if purpose == "training" else _PREDICTION


def _training(spec: WorkflowSpec) -> Graph:
    known = {"dataset": "integrate", "bundle": "train", "fitted": "baseline"}
    return Graph(
        (
            Task("discover"),
            *_PARTITION,
            Task("integrate", {"cleaned": "clean", "transformed": "transform"}),
            Task("train", {"dataset": "integrate"}, gpus=spec.resources.gpus),
            Task("baseline", {"dataset": "integrate"}),
            Task("evaluate", known),
            Task("promote", {**known, "evaluated": "evaluate"}, produces="champion"),
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


_PREDICTION = Graph(
    (
        Task("discover"),
        *_PARTITION,
        Task("predict", {"records": "transform"}, {"file": "records.parquet"}, mapped=True),
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
        *("train", "baseline", "evaluate", "promote", "predict"),
    ),
    "prediction": ("discover", "collect", "clean", "transform", "predict"),
}
"""Tasks whose stages a run may force, in order."""
