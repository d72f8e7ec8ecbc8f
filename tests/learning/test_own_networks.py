"""Networks of a user's own that have a `call` in place of a graph of layers."""

from __future__ import annotations

import pytest

from millrace.errors import SpecError
from millrace.workflow.models import model_of

pytestmark = pytest.mark.tensorflow


def own():
    """Return a model that has no weights before it is called."""
    from millrace.learning.framework import keras

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.logits = keras.layers.Dense(3)

        def call(self, x):
            return self.logits(x)

        def compute_output_shape(self, shape):
            return (shape[0], 3)

    return Own()


def checked(network):
    from millrace.learning.networks.architecture import Architecture

    return Architecture(model_of({"kind": "a.b:own"}), (4,), 3)._checked(network)


def test_a_model_without_weights_is_refused_with_what_to_do():
    with pytest.raises(SpecError, match=r"without weights.*received Own\. Call it once"):
        checked(own())


def test_a_model_that_was_called_once_is_taken():
    from millrace.learning.framework import keras

    network = own()
    network(keras.ops.zeros((1, 4)))
    assert [tuple(weight.shape) for weight in checked(network).weights] == [(4, 3), (3,)]
