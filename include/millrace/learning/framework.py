"""Keras and its backend, imported quietly, in one place: training code takes both from here.

The backend is TensorFlow, whatever ``KERAS_BACKEND`` says; ``MILLRACE_KERAS_BACKEND=jax`` trains on
JAX where TensorFlow is not at hand, without exports (so no bundle).

Importing this module costs seconds and hundreds of megabytes, so nothing that evaluation,
prediction or a DAG file reaches may import it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from millrace.errors import SpecError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
BACKEND = "jax" if os.environ.get("MILLRACE_KERAS_BACKEND") == "jax" else "tensorflow"
"""Of Keras in this process."""

os.environ["KERAS_BACKEND"] = BACKEND


@contextmanager
def _without_banner() -> Iterator[None]:
    """Keep from stderr what TensorFlow's C++ side says at import, whatever its log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            file.seek(0)
            lines = [line for line in file if b"absl::InitializeLog" not in line]
            os.write(2, b"".join(line for line in lines if not line.startswith(b"I0000 ")))


with _without_banner(), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the libraries' own, at import
    import keras

    if BACKEND == "tensorflow":
        import tensorflow as tf

logging.getLogger("tensorflow").setLevel(logging.ERROR)
logging.getLogger("absl").setLevel(logging.ERROR)


def make_deterministic(seed: int) -> None:
    """Make what follows in this process a function of `seed`, bit for bit on this processor."""
    keras.utils.set_random_seed(seed)
    if BACKEND == "tensorflow":
        tf.config.experimental.enable_op_determinism()


def __getattr__(name: str) -> Any:
    """Say what is wrong where a part that needs TensorFlow is used on another backend."""
    if name == "tf":
        raise SpecError(
            "this part of Millrace works on TensorFlow alone",
            where="MILLRACE_KERAS_BACKEND",
            received=BACKEND,
            remedy="Unset the variable.",
        )
    raise AttributeError(name)


__all__ = ["BACKEND", "keras", "make_deterministic", "tf"]
