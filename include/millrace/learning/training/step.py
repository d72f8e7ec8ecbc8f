"""`TrainingStep`: forward, backward, update, over several batches in one call of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.framework import tf
from millrace.learning.modality import Encoder, Inputs
from millrace.learning.target import Values
from millrace.learning.training.average import WeightAverage
from millrace.learning.training.engine import Objective


class TrainingStep:
    """Fits a network; a compiled loop keeps Python out of the way of short steps.

    Args:
        encoder: tells the inputs' shape and type.
        network: from prepared inputs to outputs.
        before: layers that prepare inputs; bytes reach them as float32 of 0 to 255.
        optimizer: built for the network.
        objective: what is minimised.
        average: kept up to date after each step; None for none.
        xla: compile forward, backward and update by XLA; augmentation stays outside.
        sizes: records that a batch has, ascending, where the graph is to know. It then holds the
            step once for each size; where the network has a loop (a recurrent layer), a step is
            quicker by a fifth. Empty: batches have any size.
    """

    def __init__(
        self,
        encoder: Encoder,
        network: Any,
        before: Sequence[Any],
        optimizer: Any,
        objective: Objective,
        average: WeightAverage | None,
        xla: bool = False,
        sizes: Sequence[int] = (),
    ) -> None:
        self._network = network
        self._before = before
        self._optimizer = optimizer
        self._objective = objective
        self._average = average
        self._sizes = sizes
        self._learn = tf.function(self._update, jit_compile=True) if xla else self._update
        self._run = tf.function(
            self._batches,
            input_signature=[
                tf.TensorSpec((None, *encoder.shape), encoder.dtype),
                tf.TensorSpec((None,), objective.value_type),
                tf.TensorSpec((None,), tf.int32),
            ],
        )

    def __call__(
        self, inputs: Inputs, values: Values, ends: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Fit on consecutive batches; return the loss of each and how many records were right.

        Args:
            inputs: ``(rows, *shape)``. values: what is learnt ``(rows,)``.
            ends: row at which each batch ends.
        """
        losses, correct = self._run(inputs, values, ends)
        return losses.numpy(), int(correct)

    def _batches(self, inputs: Any, values: Any, ends: Any) -> Any:
        count = tf.shape(ends)[0]
        losses = tf.TensorArray(tf.float32, count)
        correct = tf.constant(0, tf.int32)
        start = tf.constant(0, tf.int32)
        for index in tf.range(count):
            end = ends[index]
            loss, right = self._sized(inputs[start:end], values[start:end])
            losses = losses.write(index, loss)
            correct += right
            start = end
        return losses.stack(), correct

    def _sized(self, inputs: Any, values: Any) -> Any:
        """Fit on a batch; by the step of its size, where there is one for each."""
        if not self._sizes:
            return self._batch(inputs, values)

        def fit(size: int) -> Any:
            known = [tf.ensure_shape(part, (size, *part.shape[1:])) for part in (inputs, values)]
            return self._batch(*known)

        place = tf.searchsorted(self._sizes, tf.shape(values))[0]
        return tf.switch_case(place, [partial(fit, size) for size in self._sizes])

    def _batch(self, inputs: Any, values: Any) -> Any:
        result = self._learn(self._prepared(inputs), values)
        if self._average is not None:
            self._average.update(self._optimizer.iterations)
        return result

    def _prepared(self, inputs: Any) -> Any:
        """Return the network's input."""
        x = tf.cast(inputs, tf.float32) if inputs.dtype == tf.uint8 else inputs
        for layer in self._before:
            x = layer(x, training=True)
        return x

    def _update(self, x: Any, values: Any, part: Any = None) -> Any:
        """Fit on a batch, or on a part of one; return its loss and how many records were right."""
        weights = self._network.trainable_variables
        with tf.GradientTape() as tape:
            outputs = tf.cast(self._network(x, training=True), tf.float32)
            loss = self._objective(values, outputs)
            total = tf.add_n([loss, *self._network.losses])
            if part is not None:
                total = total * part
            scaled = self._optimizer.scale_loss(total)
        self._optimizer.apply(tape.gradient(scaled, [w.value for w in weights]), weights)
        return total, self._objective.right(values, outputs)
