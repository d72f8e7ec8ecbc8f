"""`labeller`: the predicted class in a graph, decided as everywhere else (`learning.decision`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from millrace.learning.decision import Rule
from millrace.learning.framework import tf


def labeller(labels: Sequence[str], rule: Rule | None) -> Callable[[Any], Any]:
    """Return a function from probabilities ``(batch, classes)`` to labels ``(batch,)``, a tensor.

    Args:
        labels: the classes. rule: decides between two; else it is the most probable one.
    """
    names = tf.constant(list(labels))

    def label(probabilities: Any) -> Any:
        if rule is None:
            return tf.gather(names, tf.argmax(probabilities, 1))
        taken = tf.cast(probabilities[:, rule.index], tf.float64) >= rule.threshold
        return tf.where(taken, names[rule.index], names[1 - rule.index])

    return label
