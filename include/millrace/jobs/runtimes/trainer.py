"""The trainer image: its name, and the versions in it, known without starting it.

Keys are made from the versions that the job will meet. A launcher without TensorFlow reads them
from the image's lock, which lies beside its Dockerfile; the job in the container checks them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from millrace.errors import SpecError

IMAGE = "MILLRACE_TRAINER_IMAGE"
"""Environment variable: the image's name; ``{accelerator}`` stands for ``cpu`` or ``gpu``."""

_DEFAULT = "millrace-trainer:{accelerator}"
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
_SAME = {"tensorflow-cpu": "tensorflow"}
_PYTHON = "3.11"  # of the locks; the image's Dockerfile refuses another

Accelerator = Literal["cpu", "gpu"]


def accelerator_of(gpus: int) -> Accelerator:
    """Return which trainer image a task needs that asks for so many GPUs."""
    return "gpu" if gpus else "cpu"


def trainer_image(accelerator: Accelerator, environment: Mapping[str, str] | None = None) -> str:
    """Return the name of the trainer image."""
    env = os.environ if environment is None else environment
    return (env.get(IMAGE) or _DEFAULT).replace("{accelerator}", accelerator)


def trainer_packages(project: Path, accelerator: Accelerator) -> Mapping[str, str]:
    """Return the versions of ``python`` and of the distributions in the trainer image, by name.

    Args:
        project: the checkout. accelerator: which of the image's locks.

    Raises:
        SpecError: the checkout has no lock of that image.
    """
    path = project / "include" / "images" / "trainer" / f"requirements-{accelerator}.txt"
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise SpecError(
            "the lock of the trainer image is missing",
            where=path,
            remedy="Set MILLRACE_PROJECT to the checkout that the image is built from.",
        ) from error
    return _read(path, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> Mapping[str, str]:
    pinned = _PINNED.findall(path.read_text(encoding="utf-8"))
    versions = {_SAME.get(name.lower(), name.lower()): version for name, version in pinned}
    return {"python": _PYTHON, **versions}
