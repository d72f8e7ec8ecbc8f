"""`take_devices`: which of the machine's devices this process trains on. Nothing is moved here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from millrace.errors import SpecError
from millrace.learning.framework import tf

_REMEDY = (
    "Ask for the device where the task runs: resources.gpus with runtime docker or kubernetes, the "
    "image millrace-trainer:gpu and NVIDIA's container toolkit on the host; or set "
    "resources.without_gpu: cpu."
)
log = logging.getLogger(__name__)


def take_devices(asked: Mapping[str, Any], memory_growth: bool = True) -> tuple[str, ...]:
    """Hide all GPUs but those asked for, and return the names of these; none is the processor.

    Must come before anything else that TensorFlow does in the process where there is a GPU.

    Args:
        asked: ``gpus`` (a number, 0 by default) and ``without_gpu`` (``fail`` or ``cpu``).
        memory_growth: GPU memory is taken as it is needed, not all of it at the start.

    Raises:
        SpecError: fewer GPUs can be seen than were asked for, and the spec does not say that the
            training may go without.
    """
    wanted = int(asked.get("gpus", 0))
    seen = tf.config.list_physical_devices("GPU")
    if len(seen) < wanted:
        _refuse_or_warn(wanted, len(seen), str(asked.get("without_gpu", "fail")))
    taken = seen[:wanted]
    if seen:
        tf.config.set_visible_devices(taken, "GPU")
    for device in taken:
        tf.config.experimental.set_memory_growth(device, memory_growth)
    return tuple(f"GPU:{number}" for number in range(len(taken)))


def peak_memory(devices: tuple[str, ...]) -> int | None:
    """Return the largest peak of memory of any of these GPUs, bytes; None where there is none."""
    gpus = [name for name in devices if name.startswith("GPU")]
    peaks = [tf.config.experimental.get_memory_info(name)["peak"] for name in gpus]
    return max(peaks, default=None)


def _refuse_or_warn(wanted: int, seen: int, without: str) -> None:
    problem = "no GPU can be seen" if not seen else "fewer GPUs can be seen than were asked for"
    if without != "cpu":
        raise SpecError(
            problem,
            where="resources.gpus",
            expected=f"{wanted} for this training",
            received=seen,
            remedy=_REMEDY,
        )
    log.warning(
        "%s (%d asked for, %d seen): training goes on with %s, as resources.without_gpu says",
        problem.capitalize(),
        wanted,
        seen,
        f"{seen} of them" if seen else "the processor",
    )
