"""The network of a spec, and the graph that is exported: normalisation, network, probabilities."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from millrace.errors import SpecError
from millrace.learning.framework import keras
from millrace.learning.normalisation import Normalisation
from millrace.workflow.learning import AnyModel, CustomModel
from millrace.workflow.registry import implementation, load


@dataclass(frozen=True)
class Architecture:
    """Which network, for which pictures and classes.

    Attributes:
        model: of the spec. shape: ``(height, width, channels)``. classes: number of logits.
    """

    model: AnyModel
    shape: tuple[int, int, int]
    classes: int

    def network(
        self, seed: int, policy: str = "float32", scope: AbstractContextManager[Any] | None = None
    ) -> Any:
        """Build the `keras.Model` from normalised pictures to logits.

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
        return self._checked(network)

    def classifier(self, network: Any, normalisation: Normalisation) -> Any:
        """Wrap a float32 `network`: uint8 pictures in, probabilities ``(batch, classes)`` out.

        Only layers that Keras itself knows are used, so the saved file loads anywhere.
        """
        picture = keras.Input(self.shape, dtype="uint8", name="image")
        x = normalisation_layer(normalisation)(picture)
        softmax = keras.layers.Softmax(name="softmax")
        probabilities = softmax(network(x))
        if getattr(self.model, "mirror_average", False):
            mirrored = softmax(network(x[:, :, ::-1, :]))
            probabilities = keras.layers.Average(name="mirror_average")([probabilities, mirrored])
        return keras.Model(picture, probabilities, name="classifier")

    def _build(self) -> Any:
        model = self.model
        function = load(implementation("model", model.kind))
        if not isinstance(model, CustomModel):
            options = model.model_dump(exclude={"kind", "mirror_average"})
            return function(self.shape, self.classes, **options)
        try:
            return function(self.shape, self.classes, **model.options)
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
        shape = tuple(network.compute_output_shape((None, *self.shape)))
        if shape != (None, self.classes):
            raise SpecError(
                "the model has the wrong output",
                where=self.model.kind,
                expected=f"logits of shape (batch, {self.classes})",
                received=shape,
            )
        return network


def normalisation_layer(normalisation: Normalisation) -> Any:
    """Return the layer from pictures of 0 to 255 to zero mean and unit spread per channel."""
    return keras.layers.Rescaling(
        normalisation.scale, normalisation.offset, dtype="float32", name="normalisation"
    )
