"""The SavedModel: one signature for pixels, one for what a caller has, encoded pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from millrace.learning.framework import keras, tf


def save_saved_model(
    classifier: Any, labels: Sequence[str], shape: tuple[int, int, int], folder: Path
) -> None:
    """Write `classifier` with two signatures.

    ``serve``: ``image`` uint8 ``(batch, height, width, channels)`` -> ``probabilities``.
    ``serve_encoded``: ``encoded`` bytes ``(batch,)`` of PNG, JPEG, GIF or BMP files, stretched to
    the size -> ``probabilities`` ``(batch, classes)`` and ``label`` ``(batch,)``.
    """
    names = tf.constant(list(labels))

    def serve(image: Any) -> dict[str, Any]:
        return {"probabilities": classifier(image, training=False)}

    def serve_encoded(encoded: Any) -> dict[str, Any]:
        image = tf.map_fn(
            lambda data: _decode(data, shape),
            encoded,
            fn_output_signature=tf.TensorSpec(shape, tf.uint8),
        )
        probabilities = classifier(image, training=False)
        return {
            "probabilities": probabilities,
            "label": tf.gather(names, tf.argmax(probabilities, 1)),
        }

    archive = keras.export.ExportArchive()
    archive.track(classifier)
    archive.add_endpoint("serve", serve, [tf.TensorSpec((None, *shape), tf.uint8, name="image")])
    archive.add_endpoint(
        "serve_encoded", serve_encoded, [tf.TensorSpec((None,), tf.string, name="encoded")]
    )
    archive.write_out(str(folder), verbose=False)


def _decode(data: Any, shape: tuple[int, int, int]) -> Any:
    height, width, channels = shape
    image = tf.io.decode_image(data, channels=channels, expand_animations=False)
    image = tf.image.resize(image, (height, width), antialias=True)
    return tf.ensure_shape(tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8), shape)
