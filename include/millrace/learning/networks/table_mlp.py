"""A feed-forward network of numbers and embedded categories (Guo, Berkhahn 2016, arXiv:1604.06737).

All categories share one table of embeddings, in which each column has places of its own, so that
thousands of columns cost one lookup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from millrace.learning.framework import keras


def build(
    input_shape: tuple[int],
    classes: int,
    *,
    numbers: int,
    places: int,
    hidden: Sequence[int] = (64, 32),
    dropout: float = 0.1,
    embedding: int = 8,
) -> Any:
    """Return a `keras.Model` from features ``(batch, columns)`` to logits ``(batch, classes)``.

    Args:
        input_shape: ``(columns,)``. classes: number of logits.
        numbers: columns, the first ones, that are scaled numbers; each of the others is the place
            of a category. places: that there are for categories.
        hidden: units of each hidden layer. dropout: share of units dropped in training.
        embedding: numbers that stand for a category.
    """
    features = keras.Input(input_shape, name="features")
    x = features
    if places:
        table = keras.layers.Embedding(places, embedding, name="embedding")
        embedded = table(keras.ops.cast(features[:, numbers:], "int32"))
        x = keras.layers.Flatten(name="categories")(embedded)
        if numbers:
            x = keras.layers.Concatenate(name="columns")([features[:, :numbers], x])
    for number, units in enumerate(hidden, 1):
        x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"hidden{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(features, logits, name="network")
