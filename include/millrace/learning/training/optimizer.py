"""From what a spec says of the optimizer to Keras' own, built for a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from millrace.learning.framework import keras
from millrace.learning.training.schedule import WarmupSchedule
from millrace.workflow.learning import Training

_OPTIMIZERS: dict[str, Callable[[Training, Any], Any]] = {
    "adam": lambda spec, rate: keras.optimizers.Adam(rate, weight_decay=_decay(spec)),
    "adamw": lambda spec, rate: keras.optimizers.AdamW(rate, weight_decay=spec.weight_decay),
    "sgd": lambda spec, rate: keras.optimizers.SGD(
        rate, spec.momentum, nesterov=spec.momentum > 0, weight_decay=_decay(spec)
    ),
    "adagrad": lambda spec, rate: keras.optimizers.Adagrad(rate, weight_decay=_decay(spec)),
    "rmsprop": lambda spec, rate: keras.optimizers.RMSprop(
        rate, momentum=spec.momentum, weight_decay=_decay(spec)
    ),
}


def build_optimizer(spec: Training, steps: int, network: Any, *, scaled: bool = False) -> Any:
    """Return the optimizer with its variables made.

    Weights decay by ``learning rate * weight_decay`` a step; biases and the scales of
    normalisation layers do not.

    Args:
        spec: of the training. steps: of the whole training. network: whose weights it updates.
        scaled: scale the loss, so that small gradients do not vanish in float16 (Micikevicius et
            al. 2018, arXiv:1710.03740); a step whose gradients overflow is left out.
    """
    rate = WarmupSchedule(spec.learning_rate, steps, spec.warmup, spec.schedule)
    optimizer = _OPTIMIZERS[spec.optimizer](spec, rate)
    weights = network.trainable_variables
    if optimizer.weight_decay is not None:
        optimizer.exclude_from_weight_decay([v for v in weights if len(v.shape) < 2])
    if scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(weights)
    return optimizer


def _decay(spec: Training) -> float | None:
    return spec.weight_decay or None
