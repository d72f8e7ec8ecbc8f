"""`choose_temperature`: the number by which logits are divided so that probabilities are honest.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
The targets are those of J. Platt, "Probabilistic Outputs for Support Vector Machines", 1999: a
little less than 1, by the number of records, so that a few records that are all right do not make
the model sure of everything.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LEAST = 1e-12
"""Probability whose logarithm is still taken."""

_TEMPERATURES = np.geomspace(0.25, 10, 400)

Numbers = npt.NDArray[np.float64]


def choose_temperature(
    classes: npt.NDArray[np.integer], probabilities: npt.NDArray[np.float32]
) -> dict[str, Any]:
    """Return the temperature under which the records are most likely, and what it changes.

    Args:
        classes: of validation records (rows,), at least one. probabilities: (rows, classes).

    Returns:
        ``temperature``, from 0.25 to 10; ``rows``; ``log_loss_before`` and ``log_loss``, nats, of
        Platt's targets, which are what is minimised.
    """
    targets = _targets(classes, probabilities.shape[1])
    logits = np.log(np.maximum(probabilities.astype(np.float64), LEAST))

    def loss(temperature: float) -> float:
        return float(-(targets * log_softmax(logits / temperature)).sum(axis=1).mean())

    before = loss(1.0)
    after, temperature = min([(before, 1.0), *((loss(t), float(t)) for t in _TEMPERATURES)])
    return {
        "temperature": temperature,
        "rows": len(classes),
        "log_loss_before": before,
        "log_loss": after,
    }


def log_softmax(logits: Numbers) -> Numbers:
    """Return the logarithms of the softmax of ``(rows, classes)``."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs: Numbers = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return logs


def _targets(classes: npt.NDArray[np.integer], count: int) -> Numbers:
    """Return what is asked for: ``(n + 1) / (n + classes)`` of a class with n records."""
    rows = np.bincount(classes, minlength=count)[classes].astype(np.float64)
    targets = np.repeat(1 / (rows + count), count).reshape(-1, count)
    targets[np.arange(len(classes)), classes] = (rows + 1) / (rows + count)
    return targets
