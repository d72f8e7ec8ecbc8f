"""Figures that look alike and are equal byte for byte: no date, no software name, no user's style.

Text is drawn as it is, never as mathematics, since labels and record ids come from data.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, MUTED, GRID = "#1f2933", "#6b7785", "#e4e7eb"
BLUE, LIGHT_BLUE, ORANGE = "#2166ac", "#92c5de", "#d6604d"
_STYLE: dict[str, Any] = {
    "axes.edgecolor": MUTED,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "figure.dpi": 110,
    "font.size": 10,
    "grid.color": GRID,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


@contextmanager
def drawing(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Give an empty figure of `width` by `height` inches; save it to `path` (PNG) on leaving."""
    with matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path, format="png", metadata={"Software": None})


def headline(figure: Figure, text: str) -> None:
    """Put a title over the whole figure, whose width it has; an axes' own may be cut beside names.

    Args:
        text: of one line; what does not fit is written smaller.
    """
    size = min(12.0, 9.0 * 12.0 * figure.get_figwidth() / max(1, len(text)))
    figure.suptitle(text, x=0.01, ha="left", weight="bold", size=size)


def plain(text: object, longest: int) -> str:
    """Return `text` on one line of at most `longest` characters, for a label."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def plain_end(text: object, longest: int) -> str:
    """Return the end of `text` on one line: ids differ at their end."""
    line = "".join(c if c.isprintable() else "·" for c in str(text))
    return line if len(line) <= longest else f"…{line[1 - longest :]}"
