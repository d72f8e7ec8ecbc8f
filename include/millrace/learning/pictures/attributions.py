"""`Attributions`: which places of a picture spoke for a class, by the network's gradients.

Grad-CAM: R. R. Selvaraju et al. 2017, arXiv:1610.02391. Integrated gradients: M. Sundararajan et
al. 2017, arXiv:1703.01365. The score is the log-odds of the class before any temperature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.framework import keras, tf
from millrace.learning.pictures.explained import Maps

_POINTS = (64, 256)  # of the path; more are taken where the map does not add up
_CLOSE = 0.05  # share of the score's change that may be missing
_SMALL = 1e-3  # change of the score, in nats, whose share is not asked for
_AT_ONCE = 32  # points


class Attributions:
    """Of a classifier that `LearntPictures` made.

    Args:
        classifier: uint8 pictures to probabilities.
        baseline: the picture that says nothing, ``(channels,)`` of 0 to 255.

    Attributes:
        network: from prepared pictures to logits. prepare: the layer before it.
        has_cam: whether it has a map of features.
    """

    def __init__(self, classifier: Any, baseline: npt.NDArray[np.float32]) -> None:
        self.network = next(x for x in classifier.layers if isinstance(x, keras.Model))
        self.prepare = classifier.get_layer("normalisation")
        self._mirrored = any(layer.name == "mirror_average" for layer in classifier.layers)
        self._baseline = baseline
        features = _features(self.network)
        self.has_cam = features is not None
        if self.has_cam:
            outputs = [features, self.network.outputs[0]]
            self._with_features = keras.Model(self.network.inputs, outputs)
            self._run_cam = tf.function(self._cam)
        self._run = tf.function(self._gradients, reduce_retracing=True)

    def cam(self, picture: npt.NDArray[np.uint8], index: int) -> Maps:
        """Return the Grad-CAM map ``(rows, columns)`` of the last features, from 0 to 1."""
        made: Maps = self._run_cam(self._tensor(picture), tf.constant(index)).numpy()
        most = made.max()
        return made / most if np.isfinite(most) and most > 0 else made

    def gradients(
        self, picture: npt.NDArray[np.uint8], index: int, *, rough: bool = False
    ) -> tuple[Maps, float]:
        """Return the map ``(height, width)`` of integrated gradients, summed over channels, in
        nats, and the share of the score's change over the baseline that it leaves out.

        Args:
            rough: few points of the path are enough.
        """
        image, of_class = self._tensor(picture), tf.constant(index)
        gain = float(self._gain(image, of_class))
        made, error = np.zeros(picture.shape[:2], np.float32), 1.0
        for points in _POINTS[:1] if rough else _POINTS:
            shares = ((np.arange(points) + 0.5) / points).astype(np.float32)
            parts = shares.reshape(-1, _AT_ONCE)
            maps = [self._run(image, of_class, tf.constant(part)).numpy() for part in parts]
            made = np.mean(maps, axis=0)
            error = abs(gain - float(made.sum())) / max(abs(gain), _SMALL)
            if not error > _CLOSE:  # not a number, neither: more points mend nothing
                break
        return made, error

    def _tensor(self, picture: npt.NDArray[np.uint8]) -> Any:
        return tf.constant(picture[None].astype(np.float32))

    def _gradients(self, image: Any, index: Any, shares: Any) -> Any:
        way = image - self._baseline
        points = self._baseline + shares[:, None, None, None] * way
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = self._score(self._logits(points), index)
        slope = tape.gradient(score, points, unconnected_gradients="zero")
        return tf.reduce_sum(tf.reduce_mean(slope, 0) * way[0], -1)

    def _gain(self, image: Any, index: Any) -> Any:
        ends = tf.concat([image, tf.zeros_like(image) + self._baseline], 0)
        score = self._score(self._logits(ends), index)
        return score[0] - score[1]

    def _logits(self, pictures: Any) -> list[Any]:
        """Return the logits of pictures, and of their mirror images where those count."""
        return [self.network(side, training=False) for side in self._sides(pictures)]

    def _sides(self, pictures: Any) -> list[Any]:
        prepared = self.prepare(pictures)
        return [prepared, prepared[:, :, ::-1]] if self._mirrored else [prepared]

    def _cam(self, image: Any, index: Any) -> Any:
        sides = self._sides(image)
        with tf.GradientTape() as tape:
            tape.watch(sides)
            answers = [self._with_features(side, training=False) for side in sides]
            score = self._score([logits for _, logits in answers], index)
        features = [maps for maps, _ in answers]
        slopes = tape.gradient(score, features, unconnected_gradients="zero")
        made = []
        for maps, slope in zip(features, slopes, strict=True):
            weights = tf.reduce_mean(slope[0], (0, 1))
            made.append(tf.nn.relu(tf.reduce_sum(maps[0] * weights, -1)))
        if self._mirrored:
            made[1] = made[1][:, ::-1]
        return tf.add_n(made)

    def _score(self, sides: list[Any], index: Any) -> Any:
        """Return the log-odds of a class ``(pictures,)`` of the mean of the sides' answers."""
        answers = tf.stack([tf.nn.log_softmax(tf.cast(side, tf.float32)) for side in sides])
        logs = tf.reduce_logsumexp(answers, 0)
        this = tf.one_hot(index, tf.shape(logs)[1], on_value=True, off_value=False, dtype=tf.bool)
        others = tf.reduce_logsumexp(tf.where(this, -np.inf, logs), axis=1)
        return tf.gather(logs, index, axis=1) - others


def _features(network: Any) -> Any:
    """Return the last map of features of a graph of layers, or None where it has none."""
    if getattr(network, "inputs", None) is None or len(network.inputs) != 1:
        return None
    found, convolved = None, False
    for layer in network.layers:
        convolved = convolved or isinstance(layer, _CONVOLUTIONS)
        output: Any = getattr(layer, "output", None)
        if convolved and len(getattr(output, "shape", ())) == 4 and output.shape[1] != 1:
            found = output
    return found


_CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.Model,
)
