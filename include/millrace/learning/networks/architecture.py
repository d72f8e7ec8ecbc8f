"""`Architecture`: the network of a spec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from millrace.errors import SpecError
from millrace.learning.framework import keras
from millrace.workflow.learning import CustomModel, Model
from millrace.workflow.registry import implementation, load


@dataclass(frozen=True)
class Architecture:
    """Which network, for which inputs and classes.

    Attributes:
        model: of the spec. shape: of a record's input. classes: number of logits.
        options: further arguments of the network's function, of the modality.
        start: changes the weights that a network begins with; None begins with random ones.
    """

    model: Model
    shape: tuple[int, ...]
    classes: int
    options: Mapping[str, Any] = field(default_factory=dict)
    start: Callable[[Any], None] | None = None

    def network(
        self, seed: int, policy: str = "float32", scope: AbstractContextManager[Any] | None = None
    ) -> Any:
        """Build the `keras.Model` from prepared inputs to logits.

        Args:
            seed: of the weights and of dropout.
            policy: Keras' dtype policy, ``float32``, ``mixed_bfloat16`` or ``mixed_float16``.
            scope: in which the weights are made, of a distribution over devices.

        Raises:
            SpecError: a user's own function fails or returns something else.
        """
        keras.utils.clear_session()  # names of layers count from 1 again
        keras.utils.set_random_seed(seed)
        keras.config.set_dtype_policy(policy)
        try:
            with scope or nullcontext():
                network = self._build()
        finally:
            keras.config.set_dtype_policy("float32")
        checked = self._checked(network)
        if self.start is not None:
            self.start(checked)
        return checked

    def _build(self) -> Any:
        model = self.model
        function = load(implementation("model", model.kind))
        if not isinstance(model, CustomModel):
            options = model.model_dump(exclude=set(model.outside))
            return function(self.shape, self.classes, **self.options, **options)
        try:
            return function(self.shape, self.classes, **self.options, **model.options)
        except Exception as error:
            raise SpecError(
                f"the model's function failed: {type(error).__name__}: {error}",
                where=model.kind,
                expected="function(input_shape, classes, **options) -> keras.Model",
                received=f"options {model.options}",
            ) from error

    def _checked(self, network: Any) -> Any:
        if not isinstance(network, keras.Model):
            raise SpecError(
                "the model's function returned something else",
                where=self.model.kind,
                expected="a keras.Model",
                received=type(network).__name__,
            )
        if not network.built:
            raise SpecError(
                "the model's function returned a model without weights",
                where=self.model.kind,
                expected="a functional or sequential keras.Model with an input, or a built one",
                received=type(network).__name__,
                remedy="Call it once, on zeros of the input's shape, before it is returned.",
            )
        shape = tuple(network.compute_output_shape((None, *self.shape)))
        if shape != (None, self.classes):
            raise SpecError(
                "the model has the wrong output",
                where=self.model.kind,
                expected=f"logits of shape (batch, {self.classes})",
                received=shape,
            )
        return network
