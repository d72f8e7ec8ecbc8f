"""A sheet of small pictures with captions. What has no picture is a grey tile with a word."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Rectangle

from millrace.artifacts.tables import Images
from millrace.learning.evaluation.plots.figure import GRID, INK, MUTED, drawing

_CELL, _LINE = 0.95, 0.17  # inches: a picture's side, a line of text
_LETTER = 0.1  # inches, about, of the title
_MARGIN = 0.12  # of a cell
_SMALL = 0.066  # inches, about, of a letter of a note
_BAR, _THICK = 0.5, 0.12  # inches: a bar with its words, without


@dataclass(frozen=True)
class Tile:
    """A picture ``(height, width, 1 or 3)`` uint8, or None, with its caption's lines.

    Attributes:
        instead: shown in the grey tile where there is no picture.
    """

    image: Images | None
    caption: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar of the colours that tiles are drawn in.

    Attributes:
        colours: from the lowest to the highest value. label: what they are.
        ends: the lowest and the highest value, in words.
    """

    colours: Colormap
    label: str
    ends: tuple[str, str]


def draw_sheet(
    path: Path,
    title: str,
    tiles: Sequence[Tile],
    columns: int,
    rows: Sequence[str] = (),
    *,
    notes: Sequence[str] = (),
    bars: Sequence[Bar] = (),
) -> None:
    """Draw tiles row by row, `columns` a row; `rows` names the rows. No tiles: the title alone.

    Args:
        notes: sentences under all else. bars: under the tiles.
    """
    columns = max(1, min(columns, len(tiles)))
    lines = max((len(tile.caption) for tile in tiles), default=0)
    height = 1 + _MARGIN + lines * _LINE / _CELL  # of a cell, in sides of a picture
    count = max(1, -(-len(tiles) // columns))
    names = 0.1 * max(map(len, rows), default=0)  # inches
    size = (
        max(4.8, (1 + _MARGIN) * columns * _CELL + names + 0.2, _LETTER * len(title) + 0.2),
        (count if tiles else 0.2) * height * _CELL + 0.5,
    )
    noted = [line for note in notes for line in textwrap.wrap(note, int(size[0] / _SMALL))]
    more = len(noted) * _LINE + len(bars) * _BAR
    with drawing(path, size[0], size[1] + more) as figure:
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=11)
        axes = figure.subplots()
        axes.set(xlim=(0, columns * (1 + _MARGIN)), ylim=(count * height, 0), aspect="equal")
        axes.set_xticks([])
        axes.set_yticks([row * height + 0.5 for row in range(len(rows))], rows)
        axes.tick_params(length=0, labelcolor=INK)
        axes.spines[:].set_visible(False)
        for index, tile in enumerate(tiles):
            row, column = divmod(index, columns)
            _draw(axes, tile, column * (1 + _MARGIN), row * height)
        for bar in bars:
            _draw_bar(figure, axes, bar)
        if noted:
            figure.supxlabel("\n".join(noted), x=0.01, ha="left", size=8, color=MUTED)


def _draw_bar(figure: Any, axes: Any, bar: Bar) -> None:
    values = ScalarMappable(Normalize(0, 1), bar.colours)
    share = _THICK / figure.get_figheight()
    drawn = figure.colorbar(
        values, ax=axes, location="bottom", fraction=share, aspect=50, shrink=0.6, pad=share / 2
    )
    drawn.set_ticks([0, 1], labels=bar.ends)
    drawn.set_label(bar.label, size=8, color=MUTED)
    drawn.ax.tick_params(labelsize=8, length=0)
    drawn.outline.set_visible(False)


def _draw(axes: Any, tile: Tile, left: float, top: float) -> None:
    image = np.full((1, 1, 1), 225, np.uint8) if tile.image is None else tile.image
    high, wide = image.shape[:2]
    half_w, half_h = (0.5 * side / max(high, wide) for side in (wide, high))
    x, y = left + 0.5, top + 0.5
    shown = image[..., 0] if image.shape[-1] == 1 else image
    extent = (x - half_w, x + half_w, y + half_h, y - half_h)
    axes.imshow(shown, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="nearest")
    frame: dict[str, Any] = {"fill": False, "edgecolor": GRID, "lw": 0.6}
    axes.add_patch(Rectangle((x - half_w, y - half_h), 2 * half_w, 2 * half_h, **frame))
    if tile.image is None:
        axes.text(x, y, tile.instead, ha="center", va="center", size=6.5, color=MUTED)
    for line, text in enumerate(tile.caption):
        place = top + 1.03 + line * _LINE / _CELL
        axes.text(x, place, text, ha="center", va="top", size=6.5, color=MUTED if line else INK)
