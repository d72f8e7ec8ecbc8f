"""Convolutions over words and the largest of each feature (Kim 2014, arXiv:1408.5882)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from millrace.learning.framework import keras
from millrace.learning.networks.words import embedded, head, largest


def build(
    input_shape: tuple[int],
    classes: int,
    *,
    tokens: int,
    embedding: int = 64,
    widths: Sequence[int] = (1, 2, 3),
    filters: int = 64,
    dropout: float = 0.5,
) -> Any:
    """Return a `keras.Model` from ``(batch, length)`` int32 to logits ``(batch, classes)``.

    Args:
        input_shape: ``(length,)``. classes: number of logits. tokens: size of the vocabulary.
        embedding: numbers that stand for a word. widths: words that a convolution sees.
        filters: of each width. dropout: share of features dropped in training.
    """
    ids = keras.Input(input_shape, dtype="int32", name="ids")
    x, real = embedded(ids, tokens, embedding)
    found = [_feature(x, real, width, filters) for width in dict.fromkeys(widths)]
    features = found[0] if len(found) == 1 else keras.layers.Concatenate(name="features")(found)
    return keras.Model(ids, head(features, classes, dropout), name="network")


def _feature(x: Any, real: Any, width: int, filters: int) -> Any:
    name = f"words{width}"
    x = keras.layers.Conv1D(
        filters, width, padding="same", kernel_initializer="he_normal", name=name
    )(x)
    x = keras.layers.ReLU(name=f"{name}_relu")(x)
    return largest(x, real, 0.0, name)
