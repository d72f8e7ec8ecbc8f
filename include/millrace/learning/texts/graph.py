"""`WordGraph`: what `TokenEncoder` does, as TensorFlow operations."""

from __future__ import annotations

from typing import Any

from millrace.learning.framework import tf
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.vocabulary import UNKNOWN
from millrace.learning.texts.words import RULES


class WordGraph(tf.Module):  # type: ignore[misc]
    """Numbers words in a graph, by the same rules as an encoder."""

    def __init__(self, encoder: TokenEncoder) -> None:
        super().__init__("words")
        words = list(encoder.vocabulary.words)
        values = tf.range(UNKNOWN + 1, len(encoder.vocabulary), dtype=tf.int32)
        pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(words, tf.string), values)
        self._table = tf.lookup.StaticHashTable(pairs, UNKNOWN)
        (self._length,) = encoder.shape

    def __call__(self, texts: Any) -> Any:
        """Return the numbers of the words ``(batch, length)`` int32 of texts ``(batch,)``."""
        for pattern, replacement in RULES:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        words = tf.strings.split(texts, " ")
        words = tf.ragged.boolean_mask(words, tf.not_equal(words, ""))
        numbers = words.with_flat_values(self._table.lookup(words.flat_values))
        return tf.ensure_shape(
            numbers.to_tensor(0, shape=(None, self._length)), (None, self._length)
        )
