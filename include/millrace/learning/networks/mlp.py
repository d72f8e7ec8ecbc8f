"""A feed-forward network: flattened picture, hidden layers with ReLU, logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from millrace.learning.framework import keras


def build(
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    hidden: Sequence[int] = (256, 128),
    dropout: float = 0.2,
) -> Any:
    """Return a `keras.Model` from ``(batch, *input_shape)`` to logits ``(batch, classes)``.

    Args:
        input_shape: ``(height, width, channels)``.
        classes: number of logits.
        hidden: units of each hidden layer.
        dropout: share of units dropped after each hidden layer, in training.
    """
    inputs = keras.Input(input_shape, name="picture")
    x = keras.layers.Flatten(name="flatten")(inputs)
    for number, units in enumerate(hidden, 1):
        x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"hidden{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(inputs, logits, name="network")
