"""`calibrated`: a classifier whose probabilities are scaled by a temperature, inside its graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from millrace.learning.framework import keras
from millrace.learning.temperature import LEAST, choose_temperature
from millrace.learning.training.build import Task

_BATCH = 256  # records


def calibrated(classifier: Any, task: Task) -> tuple[Any, dict[str, Any] | None]:
    """Return the classifier to export, and what ``bundle.json`` says of its calibration.

    Without a calibration both are what they were: the classifier, and None.
    """
    if task.train.calibrate == "none":
        return classifier, None
    classes, probabilities = [], []
    for inputs, some in task.validation.groups():
        classes.append(some)
        for start in range(0, len(inputs), _BATCH):
            answer = classifier(inputs[start : start + _BATCH], training=False)
            probabilities.append(keras.ops.convert_to_numpy(answer))
    found = choose_temperature(np.concatenate(classes), np.concatenate(probabilities))
    return tempered(classifier, found["temperature"]), found


def tempered(classifier: Any, temperature: float) -> Any:
    """Return a classifier whose logits are divided by `temperature`, of layers that Keras knows."""
    logits = keras.ops.log(keras.ops.maximum(classifier.output, LEAST))
    scaled = keras.layers.Rescaling(1 / temperature, name="temperature")(logits)
    probabilities = keras.layers.Softmax(name="calibrated")(scaled)
    return keras.Model(classifier.input, probabilities, name=classifier.name)
