"""`TensorFlowEngine`: what trains where TensorFlow is Keras' backend."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from millrace.learning.devices import peak_memory
from millrace.learning.framework import keras, tf
from millrace.learning.modality import Encoder
from millrace.learning.networks.fused import with_fused_normalisation
from millrace.learning.training.average import WeightAverage
from millrace.learning.training.engine import Objective, Predictor
from millrace.learning.training.feed import batch_sizes
from millrace.learning.training.mirrored import MirroredStep, mirrored
from millrace.learning.training.step import TrainingStep
from millrace.workflow.learning import Training


class TensorFlowEngine:
    """Compiled loops over batches; several devices mirror the network.

    Args:
        devices: that train; none is the default one. spec, rows: of the training.

    Raises:
        SpecError: the spec asks for what several devices cannot do.
    """

    def __init__(self, devices: tuple[str, ...], spec: Training, rows: int) -> None:
        self._devices = devices
        self._xla = spec.xla
        self._sizes = batch_sizes(rows, spec.batch_size)
        self._strategy = mirrored(devices, spec, rows)

    def scope(self) -> AbstractContextManager[Any]:
        """Return the block in which everything that learns must be made."""
        return self._strategy.scope() if self._strategy else nullcontext()

    def prepared(self, network: Any) -> Any:
        """Return the network with its batch normalisation fused."""
        return with_fused_normalisation(network)

    def average(self, weights: list[Any], decay: float) -> WeightAverage:
        """Return a moving average of Keras variables."""
        return WeightAverage(weights, decay)

    def step(
        self,
        encoder: Encoder,
        network: Any,
        before: Sequence[Any],
        optimizer: Any,
        objective: Objective,
        average: Any,
    ) -> TrainingStep:
        """Return the step that fits `network` after the layers `before` it."""
        parts = (encoder, network, before, optimizer, objective, average)
        if self._strategy:
            return MirroredStep(self._strategy, *parts)
        sizes = self._sizes if _has_loops(network) else ()
        return TrainingStep(*parts, xla=self._xla, sizes=sizes)

    def predictor(self, classifier: Any, encoder: Encoder) -> Predictor:
        """Compile a classifier of inputs."""
        signature = [tf.TensorSpec((None, *encoder.shape), encoder.dtype)]
        predict = tf.function(
            lambda inputs: classifier(inputs, training=False), input_signature=signature
        )
        return lambda inputs: predict(inputs).numpy()

    def peak_memory(self) -> int | None:
        """Return the largest peak of memory of a GPU that trains, bytes; None without one."""
        return peak_memory(self._devices)


def _has_loops(network: Any) -> bool:
    loops = (keras.layers.RNN, keras.layers.Bidirectional)
    return any(isinstance(layer, loops) for layer in network.layers)
