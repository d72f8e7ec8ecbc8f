"""The machine: its processor, which may change the last bits of a result, cores and memory."""

from __future__ import annotations

import os
import platform
import resource
from functools import lru_cache
from pathlib import Path

_LIST = Path("/proc/cpuinfo")


@lru_cache(maxsize=8)
def _field(name: str) -> str:
    """Return a field of the first processor in Linux's list; empty elsewhere."""
    lines = _LIST.read_text(encoding="utf-8").splitlines() if _LIST.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.startswith(name)]
    return found[0] if found else ""


def processor_name() -> str:
    """Return the processor's name, or its architecture where the system gives no name."""
    return _field("model name") or platform.machine()


def computes_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16."""
    return bool({"avx512_bf16", "amx_bf16"} & set(_field("flags").split()))


def usable_cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory() -> int:
    """Return the largest resident size of this process so far, in bytes.

    Linux's own figure of the process: `getrusage` hands a parent's peak down to its children.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
