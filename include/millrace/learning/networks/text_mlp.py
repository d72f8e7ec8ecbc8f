"""The set of words and pairs of words of a text, then hidden layers.

Pairs as by Joulin et al. (2016, arXiv:1607.01759), but the largest of each number counts instead of
the mean: whether a word is there tells more than how much of the text it is.

Pairs share the places of a table by their hash, so that their number needs no vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from millrace.learning.framework import keras
from millrace.learning.networks.words import embedded, head

_FACTOR = 2_654_435_761  # Knuth's multiplier, The Art of Computer Programming 3, 6.4


def build(
    input_shape: tuple[int],
    classes: int,
    *,
    tokens: int,
    embedding: int = 64,
    pairs: int = 10_000,
    hidden: Sequence[int] = (64,),
    dropout: float = 0.3,
) -> Any:
    """Return a `keras.Model` from ``(batch, length)`` int32 to logits ``(batch, classes)``.

    Args:
        input_shape: ``(length,)``. classes: number of logits. tokens: size of the vocabulary.
        embedding: numbers that stand for a word or a pair.
        pairs: places of the table of pairs; 0 leaves pairs out.
        hidden: units of each hidden layer. dropout: share of features dropped in training.
    """
    ids = keras.Input(input_shape, dtype="int32", name="ids")
    words, _ = embedded(ids, tokens, embedding)
    x = _largest(words, "words")
    if pairs and input_shape[0] > 1:
        both, _ = embedded(_pairs(ids, pairs), pairs + 1, embedding, "pairs")
        x = keras.layers.Concatenate(name="features")([x, _largest(both, "both")])
    for number, units in enumerate(hidden, 1):
        if dropout:
            x = keras.layers.Dropout(dropout, name=f"dropout{number}")(x)
        x = keras.layers.Dense(units, kernel_initializer="he_normal", name=f"hidden{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    return keras.Model(ids, head(x, classes, dropout), name="network")


def _largest(x: Any, name: str) -> Any:
    """Return the largest of each number, at least 0, which a place without a word has."""
    x = keras.layers.GlobalMaxPooling1D(name=f"{name}_largest")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def _pairs(ids: Any, places: int) -> Any:
    """Return the place of each pair ``(batch, length - 1)``, from 1; 0 where a word lacks."""
    wide = keras.ops.cast(ids, "int64")
    first, second = wide[:, :-1], wide[:, 1:]
    place = keras.ops.mod(first * _FACTOR + second, places) + 1
    return keras.ops.cast(place * keras.ops.cast(second > 0, "int64"), "int32")
