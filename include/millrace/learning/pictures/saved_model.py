"""The SavedModel: one signature for pixels, one for what a caller has, encoded pictures.

The second one is left out where the graph cannot repeat the transform of the training pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.export.label import labeller
from millrace.learning.framework import keras, tf

Transform = Mapping[str, Any]
_LUMA = (299, 587, 114)  # thousandths of red, green and blue in grey: ITU-R BT.601


def takes_encoded(transform: Transform | None) -> bool:
    """Whether the graph can repeat a transform: it stretches, and no function of a user follows."""
    return (
        transform is not None
        and transform.get("resize", "stretch") == "stretch"
        and transform.get("custom") is None
    )


def save_saved_model(
    classifier: Any,
    labels: Sequence[str],
    shape: tuple[int, int, int],
    folder: Path,
    transform: Transform | None,
    rule: Rule | None = None,
) -> None:
    """Write `classifier` with its signatures.

    ``serve``: ``image`` uint8 ``(batch, height, width, channels)`` -> ``probabilities``.
    ``serve_encoded``, where `takes_encoded`: ``encoded`` bytes ``(batch,)`` of PNG, JPEG, GIF or
    BMP files, transformed as `transform` says -> ``probabilities`` ``(batch, classes)`` and
    ``label`` ``(batch,)``.
    """

    def serve(image: Any) -> dict[str, Any]:
        return {"probabilities": classifier(image, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(classifier)
    archive.add_endpoint("serve", serve, [tf.TensorSpec((None, *shape), tf.uint8, name="image")])
    if transform is not None and takes_encoded(transform):
        encoded = tf.TensorSpec((None,), tf.string, name="encoded")
        serve_encoded = _serve_encoded(classifier, labeller(labels, rule), shape, transform)
        archive.add_endpoint("serve_encoded", serve_encoded, [encoded])
    archive.write_out(str(folder), verbose=False)


def _serve_encoded(
    classifier: Any,
    label: Callable[[Any], Any],
    shape: tuple[int, int, int],
    transform: Transform,
) -> Any:
    invert = bool(transform.get("invert", False))

    def serve_encoded(encoded: Any) -> dict[str, Any]:
        image = tf.map_fn(
            lambda data: canonical_pixels(data, shape, invert),
            encoded,
            fn_output_signature=tf.TensorSpec(shape, tf.uint8),
        )
        probabilities = classifier(image, training=False)
        return {"probabilities": probabilities, "label": label(probabilities)}

    return serve_encoded


def canonical_pixels(data: Any, shape: tuple[int, int, int], invert: bool) -> Any:
    """Return a picture file's bytes as uint8 ``(height, width, channels)``: the transform's pixels.

    They are exact where the file has the size; where it is resized they may differ by rounding.
    """
    height, width, channels = shape
    image = _on_white(tf.io.decode_image(data, channels=0, expand_animations=False))
    if channels == 1:
        light = tf.reduce_sum(tf.cast(image, tf.int32) * _LUMA, axis=-1, keepdims=True)
        image = tf.cast((light + 500) // 1000, tf.uint8)
    image = tf.image.resize(image, (height, width), antialias=True)
    image = tf.cast(tf.clip_by_value(tf.round(image), 0, 255), tf.uint8)
    return tf.ensure_shape(255 - image if invert else image, shape)


def _on_white(image: Any) -> Any:
    """Return grey or colour, with or without alpha, as RGB on white, as Pillow does."""
    count = tf.shape(image)[-1]
    has_alpha = 1 - count % 2
    values = tf.cast(image, tf.int32)
    colours = values[..., : count - has_alpha] + tf.zeros(3, tf.int32)
    alpha = tf.where(has_alpha == 1, values[..., -1:], 255)
    laid = (colours * alpha + 255 * (255 - alpha) + 128) * 128
    return tf.cast((laid // 256 + laid) // 2**15, tf.uint8)
