"""Integrated gradients over the embeddings of words (Sundararajan et al. 2017, arXiv:1703.01365).

The baseline is a text without words. Weights add up to what the score, the log-odds of the
predicted class, gains over that baseline; how well they do is written beside them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.learning.dataset import DatasetSplit
from millrace.learning.decision import Rule, predicted_classes
from millrace.learning.evaluation.examples import confident_errors, some_of_each
from millrace.learning.evaluation.log_odds import Scores
from millrace.learning.evaluation.rows import take_rows
from millrace.learning.framework import keras, tf
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.explained import Explained, seen_words
from millrace.learning.texts.vocabulary import Ids

FORMAT = 1
"""Of ``explained.json``."""

_STEPS = (32, 128, 512)  # points of the path; more are taken where the weights do not add up
_ERROR = 0.02  # of the score's change that the weights may leave out
_SMALL = 1e-3  # change of the score, in nats, whose share is not asked for
_ROWS = 20_000  # records that are looked at, at most
_BATCH = 256


class IntegratedGradients:
    """Of a classifier made of Keras' own layers.

    Args:
        classifier: of `LearntTexts`: numbers of words, a network, softmax.

    Raises:
        ValueError: the network has no embedding of words that can be reached.
    """

    def __init__(self, classifier: Any) -> None:
        network = classifier.layers[1]
        graph = getattr(network, "inputs", None) is not None  # and not a user's own `call`
        layers = [x for x in network.layers if _embeds(x)] if graph else []
        if not layers:
            raise ValueError("no embedding")
        ids, embedded = network.inputs[0], [layer.output for layer in layers]
        self._embed = keras.Model(ids, embedded)
        self._rest = keras.Model([ids, *embedded], network.outputs[0])
        self._run = tf.function(self._gradients)

    def __call__(self, ids: Ids, index: int) -> tuple[Scores, float]:
        """Return the weight of each place of a text for a class, and the share they leave out.

        Args:
            ids: of the text ``(length,)``. index: of the class.
        """
        weights, error = np.zeros(len(ids)), 1.0
        text, of_class = tf.constant(ids[None]), tf.constant(index)
        for steps in _STEPS:
            shares = ((np.arange(steps) + 0.5) / steps).astype(np.float32).reshape(-1, _STEPS[0])
            answers = [self._run(text, of_class, tf.constant(some)) for some in shares]
            gain = float(answers[0][1])
            weights = np.mean([_by_word(parts, len(ids)) for parts, _ in answers], axis=0)
            error = abs(gain - weights.sum()) / max(abs(gain), _SMALL)
            if error <= _ERROR:
                break
        return weights, error

    def _gradients(self, ids: Any, index: Any, shares: Any) -> Any:
        """Return the weights of each embedding's places, and the gain over a text of no words.

        Args:
            ids: ``(1, length)``. shares: of the path from the baseline to the text ``(points,)``.
        """
        ends = [tf.cast(x, tf.float32) for x in _listed(self._embed(ids, training=False))]
        points = [shares[:, None, None] * end for end in ends]
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = self._score(tf.repeat(ids, tf.size(shares), axis=0), points, index)
        slopes = tape.gradient(scores, points, unconnected_gradients="zero")
        parts = [
            tf.reduce_sum(end[0] * tf.reduce_mean(slope, 0), -1)
            for end, slope in zip(ends, slopes, strict=True)
        ]
        nothing = [tf.zeros_like(end) for end in ends]
        gain = self._score(ids, ends, index)[0] - self._score(ids, nothing, index)[0]
        return parts, gain

    def _score(self, ids: Any, embedded: Any, index: Any) -> Any:
        """Return the log-odds of a class: its logit against all others together."""
        logits = tf.cast(self._rest([ids, *embedded], training=False), tf.float32)
        this = tf.one_hot(index, tf.shape(logits)[1], on_value=True, off_value=False, dtype=tf.bool)
        others = tf.reduce_logsumexp(tf.where(this, -np.inf, logits), axis=1)
        return tf.gather(logits, index, axis=1) - others


def write_explanations(
    classifier: Any, encoder: TokenEncoder, split: DatasetSplit, path: Path, rule: Rule | None
) -> None:
    """Write why the records of `split` that were mistaken, and a sample, got their answers.

    A network whose embedding cannot be reached has no explanations, and no file; a record whose
    weights are no numbers, since the network has no slope somewhere, is left out.
    """
    try:
        explain = IntegratedGradients(classifier)
    except ValueError:
        return
    probabilities, classes = _answers(classifier, split)
    predicted = predicted_classes(probabilities, rule)
    right, places = predicted == classes, np.arange(len(classes))
    rows = confident_errors(probabilities[places, predicted], right)
    rows += some_of_each(classes, right)
    records = take_rows(split.path, rows, ["record_id", "label", "text"])
    texts = [record["text"] for record in records]
    ids, words = encoder.encode(pa.array(texts, pa.string())), seen_words(texts, encoder.shape[0])
    found = []
    for record, numbers, seen, row in zip(records, ids, words, rows, strict=True):
        index = int(predicted[row])
        weights, error = explain(numbers, index)
        if not np.isfinite(weights).all() or not np.isfinite(error):
            continue
        explained = Explained(
            record_id=record["record_id"],
            label=record["label"],
            predicted=split.labels[index],
            probability=round(float(probabilities[row, index]), 6),
            words=seen,
            weights=tuple(np.round(weights[: len(seen)], 6).tolist()),
            error=round(error, 6),
        )
        found.append(explained)
    _write(path, split, len(classes), found)


def _write(path: Path, split: DatasetSplit, rows: int, found: list[Explained]) -> None:
    document = {
        "format": FORMAT,
        "method": "integrated gradients",
        "split": split.name,
        "rows": rows,
        "largest_error": max((e.error for e in found if e.error is not None), default=0.0),
        "texts": [explained.to_document() for explained in found],
    }
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _answers(classifier: Any, split: DatasetSplit) -> tuple[npt.NDArray[np.float32], Any]:
    """Return probabilities and classes of the first records of a split."""
    answers, classes, rows = [], [], 0
    for inputs, indices in split.groups():
        answers += [
            np.asarray(classifier(inputs[start : start + _BATCH], training=False))
            for start in range(0, len(inputs), _BATCH)
        ]
        classes.append(indices)
        rows += len(indices)
        if rows >= _ROWS:
            break
    return np.concatenate(answers), np.concatenate(classes)


def _embeds(layer: Any) -> bool:
    return isinstance(layer, keras.layers.Embedding) and len(layer.output.shape) == 3


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _by_word(parts: list[Any], length: int) -> Scores:
    """Return weights of places as weights of words: those of n neighbours go to each evenly."""
    spread = np.zeros(length)
    for part in parts:
        neighbours = length - len(part) + 1
        for offset in range(neighbours):
            spread[offset : offset + len(part)] += part.numpy() / neighbours
    return spread
