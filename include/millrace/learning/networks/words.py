"""What networks of texts have in common: embedded words, and where words are."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import keras


def embedded(ids: Any, tokens: int, size: int, name: str = "embedding") -> tuple[Any, Any]:
    """Return the embedding of words, and where they are.

    Args:
        ids: numbers of words ``(batch, length)``; 0 is no word.
        tokens: size of the vocabulary. size: of the embedding. name: of its layer.

    Returns:
        ``(batch, length, size)``, zeros where no word is; ``(batch, length, 1)``, 1 for a word.
    """
    real = _present(ids)
    x = keras.layers.Embedding(tokens, size, embeddings_initializer="glorot_uniform", name=name)(
        ids
    )
    return keras.layers.Multiply(name=f"{name}_of_words")([x, real]), real


def _present(ids: Any) -> Any:
    """Return 1 where a number stands for a word and 0 elsewhere ``(batch, length, 1)``."""
    return keras.ops.expand_dims(keras.ops.cast(keras.ops.not_equal(ids, 0), "float32"), -1)


def largest(x: Any, real: Any, least: float, name: str) -> Any:
    """Return the largest of each feature over the words of a text ``(batch, features)``.

    Args:
        x: features ``(batch, length, features)``. real: see `embedded`.
        least: that a feature can be; what a text without words has.
    """
    x = keras.layers.Multiply(name=f"{name}_of_words")([x, real])
    if least:
        x = keras.layers.Add(name=f"{name}_elsewhere")([x, (1 - real) * least])
    return keras.layers.GlobalMaxPooling1D(name=f"{name}_largest")(x)


def head(x: Any, classes: int, dropout: float) -> Any:
    """Return logits ``(batch, classes)`` of features, some of which are dropped in training."""
    if dropout:
        x = keras.layers.Dropout(dropout, name="dropout")(x)
    return keras.layers.Dense(classes, name="logits")(x)
