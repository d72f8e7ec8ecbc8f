"""TensorFlow and Keras, imported quietly, in one place: training code takes both from here.

Importing this module costs seconds and hundreds of megabytes, so nothing that evaluation,
prediction or a DAG file reaches may import it.
"""

from __future__ import annotations

import logging
import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ["KERAS_BACKEND"] = "tensorflow"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the libraries' own, at import
    import keras
    import tensorflow as tf

logging.getLogger("tensorflow").setLevel(logging.ERROR)
logging.getLogger("absl").setLevel(logging.ERROR)


def make_deterministic(seed: int) -> None:
    """Make what follows in this process a function of `seed`, bit for bit on this processor."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def bfloat16_is_native() -> bool:
    """Whether the device that trains computes in bfloat16 faster than in float32."""
    if tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(
            tf.config.list_physical_devices("GPU")[0]
        )
        return bool(details.get("compute_capability", (0, 0)) >= (8, 0))
    return bool({"avx512_bf16", "amx_bf16"} & set(processor_flags()))


def processor_flags() -> list[str]:
    """Return the processor's feature flags; empty where the system does not tell."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            lines = [line for line in file if line.startswith("flags")]
    except OSError:
        return []
    return lines[0].split(":", 1)[1].split() if lines else []


__all__ = ["bfloat16_is_native", "keras", "make_deterministic", "processor_flags", "tf"]
