"""Networks that learnt nothing, or nothing true: what maps of them look like is no explanation.

Weights: the values of each weight change places. Labels: such a network then learns pictures with
labels that were drawn anew (Adebayo et al. 2018, arXiv:1810.03292).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from millrace.learning.framework import keras, tf

LEARNT = 0.95
"""Share of the pictures whose drawn label must be learnt for the check to tell anything."""

_EPOCHS = 40
_BATCH = 16
_RATE = 0.003
_MOST = 2 * 10**11  # pixels times weights
_SEED = 7


@contextmanager
def random_weights(network: Any) -> Iterator[None]:
    """Let a network have weights whose values changed places; give it its own back."""
    kept = network.get_weights()
    random = np.random.default_rng(_SEED)
    try:
        for weight in network.trainable_weights:
            values = np.asarray(weight)
            weight.assign(random.permutation(values.ravel()).reshape(values.shape))
        yield
    finally:
        network.set_weights(kept)


def is_cheap(network: Any, pictures: npt.NDArray[np.uint8]) -> bool:
    """Whether random labels are learnt in seconds."""
    rows, height, width, _ = pictures.shape
    return bool(rows * height * width * network.count_params() <= _MOST)


def learn_random_labels(
    network: Any, prepare: Any, pictures: npt.NDArray[np.uint8], count: int
) -> float:
    """Train a network on pictures ``(rows, height, width, channels)`` with labels drawn evenly of
    `count` classes.

    Neither dropout nor batch statistics are used, so that it is the same whenever it is repeated.

    Returns:
        The share of the pictures that it ended up to give their drawn labels, 0 to 1.
    """
    random = np.random.default_rng(_SEED)
    labels = random.permutation(np.arange(len(pictures)) % count)
    optimizer = keras.optimizers.Adam(_RATE)
    optimizer.build(network.trainable_variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(inputs: Any, classes: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = tf.cast(network(prepare(inputs), training=False), tf.float32)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)
            loss = tf.reduce_mean(losses)
        variables = [variable.value for variable in network.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), network.trainable_variables)
        return tf.reduce_sum(tf.cast(tf.argmax(logits, 1) == classes, tf.int32))

    share = 0.0
    for _ in range(_EPOCHS):
        order = random.permutation(len(pictures))
        right = 0
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            inputs = tf.constant(pictures[rows].astype(np.float32))
            right += int(step(inputs, tf.constant(labels[rows], tf.int64)))
        share = right / len(pictures)
        if share >= LEARNT:
            break
    return share
