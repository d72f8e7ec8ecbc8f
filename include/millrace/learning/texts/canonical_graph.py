"""`CanonicalGraph`: what `millrace.canonical_text` does, stems apart, as TensorFlow operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.canonical_text.characters import characters
from millrace.canonical_text.patterns import patterns
from millrace.learning.framework import tf

_STAYS = b"\xff"  # stands for "no other"; no text in UTF-8 has it


class CanonicalGraph(tf.Module):  # type: ignore[misc]
    """Transforms texts in a graph.

    Args:
        transform: the values of `millrace.workflow.texts.TextTransform`, without `stem` and
            `custom`.
    """

    def __init__(self, transform: Mapping[str, Any]) -> None:
        super().__init__("canonical")
        found = sorted(characters(transform).items())
        self._patterns = patterns(transform)
        self._lower = transform.get("case", "lower") == "lower"
        self._table = None
        if found:
            olds = tf.constant([chr(point) for point, _ in found], tf.string)
            news = tf.constant([new for _, new in found], tf.string)
            pairs = tf.lookup.KeyValueTensorInitializer(olds, news)
            self._table = tf.lookup.StaticHashTable(pairs, _STAYS)

    def __call__(self, texts: Any) -> Any:
        """Return the canonical texts of texts ``(batch,)``, both UTF-8."""
        plain = tf.strings.regex_full_match(texts, r"[\x00-\x7F]*")
        made = tf.strings.lower(texts) if self._lower else texts
        made = tf.where(plain, made, self._replaced(texts))
        for pattern, replacement in self._patterns:
            made = tf.strings.regex_replace(made, pattern, replacement)
        return made

    def _replaced(self, texts: Any) -> Any:
        """Return texts with each character replaced by itself."""
        signs = tf.strings.unicode_split(texts, "UTF-8")
        if self._table is not None:
            new = self._table.lookup(signs.flat_values)
            new = tf.where(tf.equal(new, _STAYS), signs.flat_values, new)
            signs = signs.with_flat_values(new)
        return tf.strings.reduce_join(signs, axis=-1)
