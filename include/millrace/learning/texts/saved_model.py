"""The SavedModel: one signature for numbers of words, one for what a caller has, raw texts.

The second one is left out where the graph cannot repeat the transform of the training texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.export.label import labeller
from millrace.learning.framework import keras, tf
from millrace.learning.texts.canonical_graph import CanonicalGraph
from millrace.learning.texts.encoder import TokenEncoder
from millrace.learning.texts.graph import WordGraph

Transform = Mapping[str, Any]


def takes_raw(transform: Transform | None) -> bool:
    """Whether the graph can repeat a transform: no stems, and no function of a user."""
    return (
        transform is not None and transform.get("stem") is None and transform.get("custom") is None
    )


def save_saved_model(
    classifier: Any,
    labels: Sequence[str],
    encoder: TokenEncoder,
    folder: Path,
    transform: Transform | None,
    rule: Rule | None = None,
) -> None:
    """Write `classifier` with its signatures.

    ``serve``: ``ids`` int32 ``(batch, length)`` -> ``probabilities``.
    ``serve_text``, where `takes_raw`: ``text``, UTF-8 ``(batch,)``, transformed as `transform` says
    -> ``probabilities`` ``(batch, classes)`` and ``label`` ``(batch,)``.
    """

    def serve(ids: Any) -> dict[str, Any]:
        return {"probabilities": classifier(ids, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(classifier)
    archive.add_endpoint("serve", serve, [tf.TensorSpec((None, *encoder.shape), tf.int32, "ids")])
    if transform is not None and takes_raw(transform):
        steps = CanonicalGraph(transform), WordGraph(encoder)
        for step in steps:
            archive.track(step)
        text = tf.TensorSpec((None,), tf.string, name="text")
        label = labeller(labels, rule)
        archive.add_endpoint("serve_text", _serve_text(classifier, label, *steps), [text])
    archive.write_out(str(folder), verbose=False)


def _serve_text(
    classifier: Any, label: Callable[[Any], Any], canonical: CanonicalGraph, words: WordGraph
) -> Any:
    def serve_text(text: Any) -> dict[str, Any]:
        probabilities = classifier(words(canonical(text)), training=False)
        return {"probabilities": probabilities, "label": label(probabilities)}

    return serve_text
