"""A sheet of texts, word by word, in the colours of the words' weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.colors import LinearSegmentedColormap, to_hex

from millrace.learning.evaluation.plots.figure import BLUE, INK, MUTED, ORANGE, drawing, plain

_COLUMNS, _LINES = 104, 5  # characters a line, lines a text; the rest is left out
_LETTER, _LINE = 0.0669, 0.165  # inches: 8 points of a font of even width
_SIZE = 8  # points
_LONGEST = 40  # characters of a word
_PALE = 0.75  # of a colour that a word of the largest weight has
_SHADES = LinearSegmentedColormap.from_list("weights", [BLUE, "white", ORANGE])


@dataclass(frozen=True)
class Written:
    """A text.

    Attributes:
        caption: stands above it. words: its words. weights: of each; none leaves it uncoloured.
    """

    caption: str
    words: Sequence[str]
    weights: Sequence[float] = ()


def draw_words(path: Path, title: str, texts: Sequence[Written], legend: str = "") -> None:
    """Draw texts below each other: words that speak for the prediction orange, against it blue."""
    placed = [list(_placed(text)) for text in texts]
    heights = [1.6 + max((line for *_, line in words), default=0) + 1 for words in placed]
    total = sum(heights) + (3 if legend else 2)
    with drawing(path, _COLUMNS * _LETTER + 0.3, total * _LINE + 0.2) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-2, _COLUMNS + 2), ylim=(total + 0.6, -0.6))
        axes.set_axis_off()
        axes.text(0, 0.6, plain(title, 110), weight="bold", size=11, va="center")
        if legend:
            axes.text(0, 1.9, legend, size=_SIZE, color=MUTED, va="center")
        top = 3.0 if legend else 2.0
        for text, words, height in zip(texts, placed, heights, strict=True):
            caption = plain(text.caption, _COLUMNS)
            axes.text(0, top + 0.3, caption, size=_SIZE, color=MUTED, va="center")
            _draw(axes, words, top + 1.4)
            top += height


def _draw(axes: Any, words: list[tuple[str, str, int, int]], top: float) -> None:
    for word, colour, column, line in words:
        box = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
        axes.text(
            column,
            top + line,
            word,
            size=_SIZE,
            family="monospace",
            color=INK,
            va="center_baseline",
            bbox=None if colour == "#ffffff" else box,
        )


def _placed(text: Written) -> Iterator[tuple[str, str, int, int]]:
    """Yield each word with its colour, column and line, as far as there is room."""
    largest = max((abs(weight) for weight in text.weights), default=0.0) or 1.0
    weights = [*text.weights, *[0.0] * (len(text.words) - len(text.weights))]
    column = line = 0
    for word, weight in zip(text.words, weights, strict=True):
        shown = plain(word, _LONGEST)
        if column and column + len(shown) > _COLUMNS:
            column, line = 0, line + 1
        if line == _LINES:
            yield "…", "#ffffff", 0, line
            return
        share = 0.5 + 0.5 * _PALE * weight / largest
        yield shown, to_hex(_SHADES(share)), column, line
        column += len(shown) + 1
