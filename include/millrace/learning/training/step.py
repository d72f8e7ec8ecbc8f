"""`TrainingStep`: forward, backward, update, over several batches in one call of a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
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
        sizes: records that a batch may have, where a graph is to know: there is one for each
            size then, whose loops (recurrent layers) are quicker by a fifth. Empty: any size.
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
        self._learn = tf.function(self._update, jit_compile=True) if xla else self._update
        self._runs = {size: self._compiled(encoder, size) for size in sizes or (None,)}

    def _compiled(self, encoder: Encoder, size: int | None) -> Any:
        signature = [
            tf.TensorSpec((None, *encoder.shape), encoder.dtype),
            tf.TensorSpec((None,), self._objective.value_type),
            tf.TensorSpec((None,), tf.int32),
        ]
        return tf.function(partial(self._batches, size), input_signature=signature)

    def __call__(
        self, inputs: Inputs, values: Values, ends: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Fit on consecutive batches; return the loss of each and how many records were right.

        Args:
            inputs: ``(rows, *shape)``. values: what is learnt ``(rows,)``.
            ends: row at which each batch ends.
        """
        losses, correct = [], 0
        for run, first, last in self._parts(ends):
            start = 0 if first == 0 else ends[first - 1]
            rows = slice(start, ends[last - 1])
            some, right = run(inputs[rows], values[rows], ends[first:last] - start)
            losses.append(some.numpy())
            correct += int(right)
        return np.concatenate(losses), correct

    def _parts(self, ends: npt.NDArray[np.int32]) -> Iterator[tuple[Any, int, int]]:
        """Yield the first and the last batch, excluded, of neighbours that one graph takes."""
        if None in self._runs:
            yield self._runs[None], 0, len(ends)
            return
        sizes = np.diff(ends, prepend=0)
        cuts = [0, *(np.flatnonzero(np.diff(sizes)) + 1).tolist(), len(ends)]
        for first, last in pairwise(cuts):
            yield self._runs[int(sizes[first])], first, last

    def _batches(self, size: int | None, inputs: Any, values: Any, ends: Any) -> Any:
        count = tf.shape(ends)[0]
        losses = tf.TensorArray(tf.float32, count)
        correct = tf.constant(0, tf.int32)
        start = tf.constant(0, tf.int32)
        for index in tf.range(count):
            end = ends[index]
            batch = [
                tf.ensure_shape(part[start:end], (size, *part.shape[1:]))
                for part in (inputs, values)
            ]
            loss, right = self._batch(*batch)
            losses = losses.write(index, loss)
            correct += right
            start = end
        return losses.stack(), correct

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
