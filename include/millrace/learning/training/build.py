"""From a spec and a dataset to a `Trainer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from millrace.learning.dataset import DatasetSplit
from millrace.learning.modality import Learnt
from millrace.learning.networks.architecture import Architecture
from millrace.learning.training.engine import Average, Engine, Objective, open_engine
from millrace.learning.training.feed import FITS, batch_ends
from millrace.learning.training.finished import open_learnt_feed
from millrace.learning.training.objective import ClassObjective
from millrace.learning.training.optimizer import build_optimizer
from millrace.learning.training.quantity_objective import QuantityObjective
from millrace.learning.training.trainer import Trainer
from millrace.learning.training.validation import Validation
from millrace.workflow.learning import Training

_OBJECTIVES: Mapping[str, type[Objective]] = {
    "classes": ClassObjective,
    "quantity": QuantityObjective,
}
_POLICIES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}


@dataclass(frozen=True)
class Task:
    """What is to be learnt.

    Attributes:
        architecture: of the network. train: of the spec, `resolved`.
        training, validation: sides of the dataset. learnt: on `training`, before the network.
        fits: bytes of inputs of a side that are taken into memory.
        devices: that train, by TensorFlow's names; none is the default one.
    """

    architecture: Architecture
    train: Training
    training: DatasetSplit
    validation: DatasetSplit
    learnt: Learnt
    fits: int = FITS
    devices: tuple[str, ...] = ()


def resolved(spec: Training, *, gpus: int, bfloat16: bool) -> Training:
    """Return a spec whose precision is not ``auto``; this machine has no say in it.

    Args:
        spec: of a training. gpus: that it asks for.
        bfloat16: whether the processor that its key was made for computes in it.
    """
    if spec.precision != "auto":
        return spec
    precision = "bfloat16" if gpus or bfloat16 else "float32"
    return spec.model_copy(update={"precision": precision})


def build_trainer(task: Task) -> tuple[Trainer, Any]:
    """Return the trainer and the classifier that will hold the weights it keeps.

    Raises:
        SpecError: the spec asks for what several devices cannot do.
    """
    spec = task.train
    twin = task.architecture.network(spec.seed)
    classifier = task.learnt.classifier(twin, task.architecture.model)
    engine = open_engine(task.devices, spec, task.training.rows)
    fitting = _fitting(task, engine)
    trainer = Trainer(
        spec=spec,
        feed=open_learnt_feed(task.training, spec.seed, task.learnt, task.fits),
        step=engine.step(
            task.learnt.encoder,
            fitting.network,
            fitting.before,
            fitting.optimizer,
            fitting.objective,
            fitting.average,
        ),
        validation=Validation(
            engine.predictor(classifier, task.learnt.encoder), task.validation, task.fits, spec
        ),
        score=task.training.target.score,
        counts=fitting.objective.counts,
        network=fitting.network,
        twin=twin,
        optimizer=fitting.optimizer,
        average=fitting.average,
        random=_random_states([*fitting.before, fitting.network]),
        memory=engine.peak_memory,
    )
    return trainer, classifier


@dataclass(frozen=True)
class _Fitting:
    """What learns, made where it will live."""

    network: Any
    before: list[Any]
    optimizer: Any
    objective: Objective
    average: Average | None


def _fitting(task: Task, engine: Engine) -> _Fitting:
    spec = task.train
    policy = _POLICIES[spec.precision]
    network = task.architecture.network(spec.seed, policy, engine.scope())
    with engine.scope():
        return _parts(task, engine, engine.prepared(network), policy)


def _parts(task: Task, engine: Engine, network: Any, policy: str) -> _Fitting:
    spec = task.train
    kind = _OBJECTIVES[task.training.target.kind]
    steps = spec.epochs * len(batch_ends(task.training.rows, spec.batch_size))
    return _Fitting(
        network=network,
        before=task.learnt.before(spec.seed),
        optimizer=build_optimizer(spec, steps, network, scaled=policy == "mixed_float16"),
        average=engine.average(network.weights, spec.average_weights)
        if spec.average_weights
        else None,
        objective=kind.of(task.training, spec),
    )


def _random_states(layers: list[Any]) -> list[Any]:
    """Return the variables that random layers draw from: those that are no weights."""
    states = []
    for layer in layers:
        weights = {id(variable) for variable in layer.weights}
        states += [variable for variable in layer.variables if id(variable) not in weights]
    return states
