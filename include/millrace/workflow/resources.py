"""What a spec says of where its tasks run and what they ask for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from millrace.workflow.base import Value

Placeable = Literal[
    "collect", "clean", "transform", "integrate", "train", "baseline", "evaluate", "predict"
]
"""Tasks whose work may be placed in a container."""


TRAINER_TASKS = ("train", "train_fold", "explain")
"""Tasks that need the deep-learning framework: they run where training does, with its devices."""


class Resources(Value):
    """What the tasks of a workflow that run in a container, and training anywhere, ask for.

    Attributes:
        gpus: devices of the training, and of what explains the network's answers; 0 trains on the
            processor. Airflow admits the job through its pool `gpu`.
        without_gpu: where `gpus` are asked for and none can be seen: ``fail``, or train on the
            ``cpu``.
        at_once: trainings of a run, of candidates or of folds, that Airflow runs at the same time.
        memory_growth: GPU memory is taken as training needs it, not all of it at the start.
        cpus: processor cores, at most; all by default. Containers only, like all that follow.
        memory_gib: memory, at most, GiB; no limit by default.
        shared_memory_gib: size of ``/dev/shm``, GiB.
        processes: processes and threads, at most.
        node_selector: labels of the Kubernetes nodes that may take the pod.
        tolerations: taints that the pod tolerates, as in a pod's document.
    """

    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    without_gpu: Literal["fail", "cpu"] = "fail"
    at_once: Annotated[int, Field(ge=1, le=1024)] = 2
    memory_growth: bool = True
    cpus: Annotated[float, Field(gt=0, le=1024)] | None = None
    memory_gib: Annotated[float, Field(gt=0.1, le=65536)] | None = None
    shared_memory_gib: Annotated[float, Field(gt=0, le=1024)] = 1.0
    processes: Annotated[int, Field(ge=64, le=4_194_304)] = 4096
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = Field((), strict=False)

    def gpus_of(self, task: str) -> int:
        """Return how many GPUs a task gets."""
        return self.gpus if task in TRAINER_TASKS else 0
