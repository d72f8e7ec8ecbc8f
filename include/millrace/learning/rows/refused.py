"""`draw_refused_rows`: a sheet of refused records of tables, each with what it broke."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from millrace.learning.evaluation.captions import caption_of
from millrace.learning.evaluation.plots.words import Written, draw_words

_READ = 4_000  # bytes of what is no record that are shown, about
_SHOWN = 60  # columns of a record


def draw_refused_rows(path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
    """Draw refused records; see `LearningModality.draw_refused`."""
    draw_words(path, title, [Written(caption_of(row), _fields(row["content"])) for row in refused])


def _fields(content: bytes | None) -> list[str]:
    """Return the fields of a record, or the first words of what is none."""
    try:
        record = json.loads(content or b"")
        pairs = list(record.items())
    except (ValueError, AttributeError, RecursionError):
        return bytes(content or b"")[:_READ].decode("utf-8", "replace").split()
    shown = [f"{name}={'' if value is None else value}" for name, value in pairs[:_SHOWN]]
    return shown + (["…"] if len(pairs) > _SHOWN else [])
