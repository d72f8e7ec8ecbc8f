"""The SavedModel: one signature for features, one for what a caller has, values of columns.

The second one is left out where categories are hashed, which a graph cannot repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.export.label import labeller
from millrace.learning.framework import keras, tf
from millrace.learning.rows.encoder import RowEncoder
from millrace.learning.rows.numbers import LARGEST


def takes_rows(encoder: RowEncoder) -> bool:
    """Whether the graph can repeat an encoder: no categories are hashed."""
    return all(column.hashed is None for column in encoder.places)


def save_saved_model(
    classifier: Any,
    labels: Sequence[str],
    encoder: RowEncoder,
    folder: Path,
    rule: Rule | None = None,
    output: str = "probabilities",
) -> None:
    """Write `classifier` with its signatures.

    ``serve``: ``features`` float32 ``(batch, columns)`` -> ``probabilities``.
    ``serve_row``, where `takes_rows`: ``numbers`` float64 ``(batch, numeric columns)``, NaN being
    missing, and ``categories`` UTF-8 ``(batch, category columns)``, empty being missing, of columns
    sorted by name; one of them is left out where there are no such columns -> ``probabilities``
    ``(batch, classes)`` and ``label`` ``(batch,)``. Of a number, both answer `output` ``(batch,)``,
    and there are no labels.
    """

    def serve(features: Any) -> dict[str, Any]:
        return {output: classifier(features, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(classifier)
    shape = (None, *encoder.shape)
    archive.add_endpoint("serve", serve, [tf.TensorSpec(shape, tf.float32, name="features")])
    if takes_rows(encoder):
        graph = RowGraph(encoder)
        archive.track(graph)
        label = labeller(labels, rule) if labels else None
        serve_row = _serve_row(classifier, label, graph, output)
        archive.add_endpoint("serve_row", serve_row, graph.signature)
    archive.write_out(str(folder), verbose=False)


def _serve_row(
    classifier: Any, label: Callable[[Any], Any] | None, graph: RowGraph, output: str
) -> Any:
    def serve_row(*values: Any) -> dict[str, Any]:
        answers = classifier(graph(*values), training=False)
        named = {} if label is None else {"label": label(answers)}
        return {output: answers, **named}

    return serve_row


class RowGraph(tf.Module):  # type: ignore[misc]
    """What a `RowEncoder` without hashed categories does, as TensorFlow operations.

    Attributes:
        signature: of what it takes.
    """

    def __init__(self, encoder: RowEncoder) -> None:
        super().__init__("rows")
        self._scaling = encoder.scaling
        self._columns = len(encoder.places)
        self._starts = tf.constant([encoder.starts], tf.int32)
        self._fills = tf.constant([[column.fill or "" for column in encoder.places]], tf.string)
        self._prefixes = tf.constant([[f"{n}:" for n in range(self._columns)]], tf.string)
        self._table: Any = _lookup(encoder) if encoder.places else None
        numbers, both = len(self._scaling.names), []
        if numbers:
            both.append(tf.TensorSpec((None, numbers), tf.float64, name="numbers"))
        if self._columns:
            both.append(tf.TensorSpec((None, self._columns), tf.string, name="categories"))
        self.signature = both

    def __call__(self, *values: Any) -> Any:
        """Return features of numbers and categories ``(batch, columns)``."""
        left, parts = list(values), []
        if self._scaling.names:
            parts.append(self._numbers(left.pop(0)))
        if self._table is not None:
            parts.append(self._places(left.pop(0)))
        return tf.concat(parts, axis=1)

    def _numbers(self, numbers: Any) -> Any:
        own = self._scaling
        x = tf.where(tf.math.is_nan(numbers), own.fill, numbers)
        x = (tf.clip_by_value(x, own.low, own.high) - own.offset) * own.scale
        return tf.cast(tf.clip_by_value(x, -LARGEST, LARGEST), tf.float32)

    def _places(self, categories: Any) -> Any:
        words = tf.where(tf.equal(categories, ""), self._fills, categories)
        prefixes = tf.broadcast_to(self._prefixes, tf.shape(words))
        found = self._table.lookup(tf.strings.join([prefixes, words]))
        return tf.cast(tf.where(found < 0, self._starts, found), tf.float32)


def _lookup(encoder: RowEncoder) -> Any:
    """Return the table from a column's number and a category to the category's place."""
    pairs = [
        (f"{number}:{word}", start + place)
        for number, (column, start) in enumerate(zip(encoder.places, encoder.starts, strict=True))
        for place, word in enumerate(column.words, 1)
    ]
    keys = tf.constant([key for key, _ in pairs], tf.string)
    values = tf.constant([value for _, value in pairs], tf.int32)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)
