"""The graph of a workflow's tasks, as plain values. `millrace.orchestration` makes a DAG of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from millrace.workflow.spec import WorkflowSpec


@dataclass(frozen=True)
class Task:
    """One task of a workflow.

    Attributes:
        name: of the task and of the stage that it executes.
        upstream: tasks whose references it takes.
        mapped: once for every partition.
        slots: of the `gpu` pool that it occupies; 0 is none.
    """

    name: str
    upstream: tuple[str, ...] = ()
    mapped: bool = False
    slots: int = 0


@dataclass(frozen=True)
class Graph:
    """Tasks in an order in which every task follows its upstream ones."""

    tasks: tuple[Task, ...]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks, in order."""
        return tuple(task.name for task in self.tasks)


_PARTITION = (
    Task("collect", ("discover",), mapped=True),
    Task("clean", ("collect",), mapped=True),
    Task("transform", ("clean",), mapped=True),
)


def training_graph(spec: WorkflowSpec) -> Graph:
    """Return the graph that carries raw data to a champion and its predictions."""
    return Graph(
        (
            Task("discover"),
            *_PARTITION,
            Task("integrate", ("clean", "transform")),
            Task("train", ("integrate",), slots=spec.resources.gpus),
            Task("baseline", ("integrate",)),
            Task("evaluate", ("integrate", "train", "baseline")),
            Task("promote", ("integrate", "train", "baseline", "evaluate")),
            Task("predict", ("integrate", "promote")),
        )
    )


def prediction_graph() -> Graph:
    """Return the graph that scores new data with the champion, a partition at a time."""
    return Graph((Task("discover"), *_PARTITION, Task("predict", ("transform",), mapped=True)))


STAGES = (
    "discover", "collect", "clean", "transform", "integrate", "train", "baseline", "evaluate",
    "promote", "predict",
)  # fmt: skip
"""The tasks of a training run in order: what `force` may name."""
