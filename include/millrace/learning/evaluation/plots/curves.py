"""Learning curves: the loss of each epoch, and another figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.ticker import MaxNLocator

from millrace.learning.evaluation.plots.figure import BLUE, MUTED, ORANGE, drawing

_LINES = (("", "training", BLUE), ("validation_", "validation", ORANGE))


def draw_curves(
    path: Path,
    epochs: Sequence[Mapping[str, float]],
    names: tuple[str, str] = ("loss", "accuracy"),
) -> None:
    """Draw two figures of training and of validation (``validation_…``) over the epochs.

    The epoch with the least validation loss is marked; a figure that no epoch has is left out.
    """
    with drawing(path, 10, 4) as figure:
        left, right = figure.subplots(1, 2)
        _draw(left, epochs, names[0])
        _draw(right, epochs, names[1])
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)


def _draw(axes: Any, epochs: Sequence[Mapping[str, float]], name: str) -> None:
    for prefix, label, colour in _LINES:
        points = [(n, e[prefix + name]) for n, e in enumerate(epochs, 1) if prefix + name in e]
        if points:
            marker = "o" if len(points) <= 30 else None
            axes.plot(*zip(*points, strict=True), color=colour, marker=marker, ms=4, label=label)
    best = _best(epochs)
    if best is not None:
        axes.axvline(best, color=MUTED, lw=1, ls=":", label=f"least validation loss: epoch {best}")
    axes.set(title=name.capitalize(), xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y")


def _best(epochs: Sequence[Mapping[str, float]]) -> int | None:
    losses = [e["validation_loss"] for e in epochs if "validation_loss" in e]
    return losses.index(min(losses)) + 1 if losses and len(losses) == len(epochs) else None
