"""A recurrent network that reads a text in both directions; the largest of each state counts."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras
from millrace.learning.networks.words import embedded, head, largest


def build(
    input_shape: tuple[int],
    classes: int,
    *,
    tokens: int,
    cell: str = "gru",
    embedding: int = 64,
    units: int = 64,
    dropout: float = 0.3,
) -> Any:
    """Return a `keras.Model` from ``(batch, length)`` int32 to logits ``(batch, classes)``.

    Args:
        input_shape: ``(length,)``. classes: number of logits. tokens: size of the vocabulary.
        cell: ``gru`` or ``lstm``. embedding: numbers that stand for a word.
        units: of the state, a direction. dropout: share of features dropped in training.

    Padding does not move a state: each direction reads the words alone.
    """
    ids = keras.Input(input_shape, dtype="int32", name="ids")
    x, real = embedded(ids, tokens, embedding)
    if dropout:
        x = keras.layers.SpatialDropout1D(dropout, name="word_dropout")(x)
    layer = keras.layers.GRU if cell == "gru" else keras.layers.LSTM
    one_way = layer(units, return_sequences=True, name=cell)
    states = keras.layers.Bidirectional(one_way, name="both_ways")(
        x, mask=keras.ops.not_equal(ids, 0)
    )
    features = largest(states, real, -1.0, "states")
    return keras.Model(ids, head(features, classes, dropout), name="network")
