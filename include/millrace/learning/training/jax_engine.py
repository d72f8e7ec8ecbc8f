"""`JaxEngine`: what trains where JAX is Keras' backend. One device; nothing here exports.

It exists so that the shared code stays free of TensorFlow, and to train where only JAX can be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import jax  # type: ignore[import-not-found,unused-ignore]
import jax.numpy as jnp  # type: ignore[import-not-found,unused-ignore]
import numpy as np
import numpy.typing as npt

from millrace.learning.framework import keras
from millrace.learning.modality import Encoder, Inputs
from millrace.learning.target import Values
from millrace.learning.training.engine import Objective, Predictor

_State = list[list[Any]]


@dataclass
class JaxAverage:
    """Moving average of weights; see `millrace.learning.training.average`."""

    variables: list[Any]
    decay: float


class JaxEngine:
    """Steps compiled by XLA, one call a batch; the device runs behind Python."""

    def scope(self) -> AbstractContextManager[Any]:
        """Return a block that does nothing."""
        return nullcontext()

    def prepared(self, network: Any) -> Any:
        """Return the network as it is: XLA fuses it."""
        return network

    def average(self, weights: list[Any], decay: float) -> JaxAverage:
        """Return a moving average of Keras variables."""
        return JaxAverage([keras.Variable(w.numpy(), trainable=False) for w in weights], decay)

    def step(
        self,
        encoder: Encoder,  # noqa: ARG002
        network: Any,
        before: Sequence[Any],
        optimizer: Any,
        objective: Objective,
        average: Any,
    ) -> JaxStep:
        """Return the step that fits `network` after the layers `before` it."""
        return JaxStep(network, before, optimizer, objective, average)

    def predictor(self, classifier: Any, encoder: Encoder) -> Predictor:  # noqa: ARG002
        """Compile a classifier."""
        predict = jax.jit(
            lambda weights, others, inputs: classifier.stateless_call(
                weights, others, inputs, training=False
            )[0]
        )

        def probabilities(inputs: Inputs) -> npt.NDArray[np.float32]:
            weights = _values(classifier.trainable_variables)
            return np.asarray(predict(weights, _values(classifier.non_trainable_variables), inputs))

        return probabilities

    def peak_memory(self) -> int | None:
        """Return the peak of GPU memory, bytes; None without a GPU."""
        device = jax.local_devices()[0]
        statistics = device.memory_stats() if device.platform == "gpu" else None
        return int(statistics["peak_bytes_in_use"]) if statistics else None


class JaxStep:
    """Fits a network by a pure function of all variables.

    Args:
        network, before, optimizer, objective, average: as of `Engine.step`.
    """

    def __init__(
        self,
        network: Any,
        before: Sequence[Any],
        optimizer: Any,
        objective: Objective,
        average: JaxAverage | None,
    ) -> None:
        self._network = network
        self._before = before
        self._optimizer = optimizer
        self._objective = objective
        self._average = average
        self._states = [variable for layer in before for variable in layer.variables]
        self._variables = [
            network.trainable_variables,
            network.non_trainable_variables,
            optimizer.variables,
            [] if average is None else average.variables,
            self._states,
        ]
        self._fit = jax.jit(self._update, donate_argnums=0)

    def __call__(
        self, inputs: Inputs, values: Values, ends: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.float32], int]:
        """Fit on consecutive batches; see `millrace.learning.training.engine.Step`."""
        state = [_values(variables) for variables in self._variables]
        results, start = [], 0
        for end in ends.tolist():
            state, *result = self._fit(state, inputs[start:end], values[start:end])
            results.append(result)
            start = end
        for variables, new in zip(self._variables, state, strict=True):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)
        losses, right = zip(*results, strict=True)
        return np.asarray(losses, np.float32), sum(map(int, right))

    def _update(self, state: _State, inputs: Any, values: Any) -> Any:
        """Return the state after a batch, its loss and how many records were right."""
        weights, others, inner, average, drawn = state
        x, drawn = self._prepared(inputs, drawn)

        def scaled_loss(weights: list[Any]) -> Any:
            outputs, after, more = self._network.stateless_call(
                weights, others, x, training=True, return_losses=True
            )
            outputs = outputs.astype("float32")
            total = self._objective(values, outputs) + sum(more)
            with keras.StatelessScope(zip(self._optimizer.variables, inner, strict=True)):
                return self._optimizer.scale_loss(total), (total, outputs, after)

        (_, (total, outputs, others)), gradients = jax.value_and_grad(scaled_loss, has_aux=True)(
            weights
        )
        weights, inner = self._optimizer.stateless_apply(inner, gradients, weights)
        average = self._averaged(average, weights, others, inner)
        right = self._objective.right(values, outputs)
        return [weights, others, inner, average, drawn], total, right

    def _prepared(self, inputs: Any, drawn: list[Any]) -> tuple[Any, list[Any]]:
        """Return the network's input, and the states that the layers before it drew from."""
        x = inputs.astype("float32") if inputs.dtype == "uint8" else inputs
        with keras.StatelessScope(zip(self._states, drawn, strict=True)) as scope:
            for layer in self._before:
                x = layer(x, training=True)
        return x, [scope.get_current_value(state) for state in self._states]

    def _averaged(
        self, average: list[Any], weights: list[Any], others: list[Any], inner: list[Any]
    ) -> list[Any]:
        if self._average is None:
            return average
        places = [*self._network.trainable_variables, *self._network.non_trainable_variables]
        values = dict(zip(map(id, places), [*weights, *others], strict=True))
        steps = dict(zip(map(id, self._optimizer.variables), inner, strict=True))
        step = steps[id(self._optimizer.iterations)].astype("float32")
        share = 1 - jnp.minimum(self._average.decay, (1 + step) / (10 + step))
        return [
            old - share * (old - values[id(weight)])
            for old, weight in zip(average, self._network.weights, strict=True)
        ]


def _values(variables: Sequence[Any]) -> list[Any]:
    return [variable.value for variable in variables]
