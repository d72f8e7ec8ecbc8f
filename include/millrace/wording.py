"""Durations, sizes and progress as people write them: on a page, on a terminal and in a log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIGURES = (
    ("loss", "loss {:.4f}"),
    ("accuracy", "accuracy {:.4f}"),
    ("validation_loss", "val loss {:.4f}"),
    ("validation_accuracy", "val accuracy {:.4f}"),
    ("validation_r2", "val R2 {:.4f}"),
    ("rate", "{:,.0f} records/s"),
)


def duration(seconds: float) -> str:
    """Return ``0.41 s``, ``37.0 s``, ``4 min 05 s`` or ``2 h 03 min``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def size(count: int) -> str:
    """Return bytes in the unit that fits: ``512 B``, ``3.4 MiB``."""
    if count < 1024:
        return f"{count} B"
    value = float(count)
    for unit in ("KiB", "MiB", "GiB"):
        value /= 1024
        if value < 1024:
            return f"{value:.1f} {unit}"
    return f"{value / 1024:.1f} TiB"


def progress(event: Mapping[str, Any]) -> str:
    """Return what a job reported in one line, e.g. ``epoch 3/12  loss 0.1234  37.0 s left``."""
    if event.get("resumed_from"):
        return f"resuming after epoch {event['resumed_from']}/{event.get('epochs', '?')}"
    parts = [f"epoch {event['epoch']}/{event.get('epochs', '?')}"] if "epoch" in event else []
    if "during_epoch" in event:
        parts.append(f"epoch {event['during_epoch']}/{event.get('epochs', '?')}")
        parts.append(f"batch {event.get('batch')}/{event.get('batches')}")
    figures = [(event.get(name), form) for name, form in _FIGURES]
    parts += [form.format(value) for value, form in figures if isinstance(value, int | float)]
    if isinstance(event.get("eta"), int | float):
        parts.append(f"{duration(event['eta'])} left")
    if isinstance(event.get("gpu_memory_bytes"), int):
        parts.append(f"GPU {size(event['gpu_memory_bytes'])}")
    if not parts:
        parts = [f"{k} {v}" for k, v in event.items() if isinstance(v, str | int) and k != "at"]
    return "  ".join(parts)
