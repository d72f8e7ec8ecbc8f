"""Short texts for people: durations, sizes, an epoch in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FIGURES = (
    ("loss", "loss", "{:.4f}"),
    ("accuracy", "accuracy", "{:.4f}"),
    ("validation_loss", "val loss", "{:.4f}"),
    ("validation_accuracy", "val accuracy", "{:.4f}"),
    ("rate", "records/s", "{:,.0f}"),
)


def duration(seconds: float) -> str:
    """Return seconds as a person writes them: ``0.4 s``, ``37 s``, ``4 min 5 s``, ``2 h 3 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: int) -> str:
    """Return bytes in the unit that fits: ``512 B``, ``3.4 MiB``."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def progress(event: Mapping[str, Any]) -> str:
    """Return a job's event in one line, e.g. ``epoch 3/12  loss 0.1234  accuracy 0.9812``."""
    parts = []
    if "epoch" in event:
        parts.append(f"epoch {event['epoch']}/{event.get('epochs', '?')}")
    for name, title, form in _FIGURES:
        value = event.get(name)
        if isinstance(value, int | float):
            parts.append(f"{title} {form.format(value)}")
    if not parts:
        parts = [f"{k} {v}" for k, v in event.items() if isinstance(v, str | int) and k != "at"]
    return "  ".join(parts)
