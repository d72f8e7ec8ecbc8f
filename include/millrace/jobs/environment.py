"""What of the installation can change a result: the versions of Python and of a few packages."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from millrace.machine import processor_name

_ALTERNATIVES = {"tensorflow": ("tensorflow-cpu", "tensorflow")}


def environment(packages: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return versions by name: ``python`` (major.minor) and each of `packages`.

    Args:
        packages: names of distributions.
        known: versions of another installation, which win over those installed here.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {name: known.get(name) or _version(name) for name in sorted(packages)}
    return {"python": known.get("python") or python, **found}


def machine() -> dict[str, str | int | None]:
    """Return what may change the last bits of a result and is recorded, but is not in a key."""
    return {"processor": processor_name(), "cores": os.cpu_count(), "system": platform.system()}


@lru_cache(maxsize=64)
def _version(name: str) -> str:
    for candidate in _ALTERNATIVES.get(name, (name,)):
        try:
            return version(candidate)
        except PackageNotFoundError:
            continue
    return "absent"
