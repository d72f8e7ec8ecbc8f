"""`caption_of`: the line above a refused record on a sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from millrace.learning.evaluation.plots.figure import plain, plain_end


def caption_of(row: Mapping[str, Any]) -> str:
    """Return the line above a refused record: which it is, its label, and what it broke."""
    named = f"{plain_end(row['record_id'], 34)}  {plain(row['label'] or 'no label', 14)}"
    return f"{named}  {plain(row['reason'], 24)}: {plain(row['detail'] or '', 90)}"
