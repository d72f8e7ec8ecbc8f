"""`draw_refused_pictures`: a contact sheet of refused pictures, each with its label and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.evaluation.pictures import thumbnail
from millrace.learning.evaluation.plots.figure import plain, plain_end
from millrace.learning.evaluation.plots.sheet import Tile, draw_sheet

_COLUMNS, _LINE = 10, 20  # pictures a row; characters a line
_UNREAD = "unreadable;"  # how the encoding begins of what its source could not read


def draw_refused_pictures(path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
    """Draw refused records; see `LearningModality.draw_refused`."""
    draw_sheet(path, title, [_tile(row) for row in refused], _COLUMNS)


def _tile(row: Mapping[str, Any]) -> Tile:
    lines = (plain_end(row["record_id"], _LINE), plain(row["label"] or "no label", _LINE))
    image = thumbnail(row["content"], row["encoding"])
    unread = row["encoding"].startswith(_UNREAD)
    instead = "not a picture" if unread else "cannot be shown"
    return Tile(image, (*lines, plain(row["reason"], _LINE)), instead=instead)
