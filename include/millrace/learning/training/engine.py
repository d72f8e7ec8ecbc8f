"""`Engine`: the little of training that is a framework's own. The rest is Keras on any backend.

Networks, augmentation, the objective, optimizers, schedules, feeds, checkpoints and the loop use
`keras.ops` and NumPy alone. TensorFlow is the backend that ships; see decisions/022.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import BACKEND
from millrace.learning.modality import Encoder, Inputs
from millrace.learning.target import Answers, Values
from millrace.workflow.learning import Training

Predictor = Callable[[Inputs], Answers]
"""From inputs ``(rows, *shape)`` to answers ``(rows, *target.shape)``."""


class Objective(Protocol):
    """What training minimises.

    Attributes:
        value_type: of the values, as NumPy names it. counts: whether records are right or wrong.
    """

    value_type: ClassVar[str]
    counts: ClassVar[bool]

    @classmethod
    def of(cls, training: DatasetSplit, spec: Training) -> Objective:
        """Return what a spec asks for; raise `DataError` where nothing can be learnt."""

    def __call__(self, values: Any, outputs: Any) -> Any:
        """Return the mean loss of a batch, float32."""

    def right(self, values: Any, outputs: Any) -> Any:
        """Return how many records were right, int32."""


class Average(Protocol):
    """A moving average of weights, kept by the step."""

    variables: list[Any]


class Step(Protocol):
    """Fits a network."""

    def __call__(
        self, inputs: Inputs, values: Values, ends: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Fit on consecutive batches; return the loss of each and how many records were right.

        Args:
            inputs: ``(rows, *shape)``. values: what is learnt ``(rows,)``.
            ends: row at which each batch ends.
        """


class Engine(Protocol):
    """Makes what a training needs, where the devices are."""

    def scope(self) -> AbstractContextManager[Any]:
        """Return the block in which everything that learns must be made."""

    def prepared(self, network: Any) -> Any:
        """Return the network to train: the same weights in the same order, possibly faster."""

    def average(self, weights: list[Any], decay: float) -> Average:
        """Return a moving average of Keras variables; `decay` is what a step keeps of it."""

    def step(
        self,
        encoder: Encoder,
        network: Any,
        before: Sequence[Any],
        optimizer: Any,
        objective: Objective,
        average: Any,
    ) -> Step:
        """Return the step that fits `network` after the layers `before` it."""

    def predictor(self, classifier: Any, encoder: Encoder) -> Predictor:
        """Compile a classifier of inputs; it follows changes of its weights."""

    def peak_memory(self) -> int | None:
        """Return the largest peak of memory of a GPU that trains, bytes; None without one."""


def open_engine(devices: tuple[str, ...], spec: Training, rows: int) -> Engine:
    """Return the engine of the backend in use.

    Args:
        devices: that train, by the backend's names; none is the default one.
        spec, rows: of the training, to refuse what the devices cannot do.

    Raises:
        SpecError: they cannot train so.
    """
    if BACKEND == "jax":
        from millrace.learning.training.jax_engine import JaxEngine

        return JaxEngine()
    from millrace.learning.training.tensorflow_engine import TensorFlowEngine

    return TensorFlowEngine(devices, spec, rows)
