"""`MirroredStep`: the training step over several devices of one machine, data-parallel.

Every batch is split evenly; gradients are summed, so that a step is that of the whole batch. Batch
normalisation takes its statistics over a device's share, and the first device's moving statistics
are kept; random layers draw alike on every device.
"""

from __future__ import annotations

from typing import Any

from millrace.errors import SpecError
from millrace.learning.framework import tf
from millrace.learning.training.feed import batch_ends
from millrace.learning.training.step import TrainingStep
from millrace.workflow.learning import Training


class MirroredStep(TrainingStep):
    """A `TrainingStep` whose network, layers, optimizer and average were made in a scope.

    Args:
        strategy: ``tf.distribute.MirroredStrategy`` of the scope.
        parts: arguments of `TrainingStep`.
    """

    def __init__(self, strategy: Any, *parts: Any) -> None:
        super().__init__(*parts)
        self._strategy = strategy

    def _batch(self, inputs: Any, values: Any) -> Any:
        shares = self._strategy.run(self._share, args=(inputs, values))
        if self._average is not None:
            self._average.update(self._optimizer.iterations)
        return tuple(self._strategy.reduce("SUM", value, axis=None) for value in shares)

    def _share(self, inputs: Any, values: Any) -> Any:
        """Fit on this device's records; return its part of the loss, and how many were right."""
        index = tf.distribute.get_replica_context().replica_id_in_sync_group
        count = self._strategy.num_replicas_in_sync
        rows = tf.shape(values)[0]
        start, stop = rows * index // count, rows * (index + 1) // count
        with tf.device("CPU:0"):  # only its own inputs travel to a device
            inputs, values = inputs[start:stop], values[start:stop]
        part = tf.cast(stop - start, tf.float32) / tf.cast(rows, tf.float32)
        return self._learn(self._prepared(inputs), values, part)


def mirrored(devices: tuple[str, ...], spec: Training, rows: int) -> Any:
    """Return the strategy over several devices, or None where there is at most one.

    Raises:
        SpecError: a batch is smaller than the number of devices, or the spec asks for ``xla`` or
            ``float16``, which work on one device only.
    """
    if len(devices) < 2:
        return None
    smallest = rows // len(batch_ends(rows, spec.batch_size))
    if smallest < len(devices):
        raise _misfit("train.batch_size", f"at least {len(devices)} records a batch", smallest)
    if spec.xla:
        raise _misfit("train.xla", "false", "true")
    if spec.precision == "float16":
        raise _misfit("train.precision", "float32 or bfloat16", "float16")
    return tf.distribute.MirroredStrategy(list(devices))


def _misfit(where: str, expected: str, received: object) -> SpecError:
    return SpecError(
        "several devices cannot train so",
        where=where,
        expected=expected,
        received=received,
        remedy="Change the option, or set resources.gpus to 1.",
    )
