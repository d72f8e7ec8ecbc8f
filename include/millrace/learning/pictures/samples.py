"""Which records the sheets show: samples of each class, worst errors, refused records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from millrace.artifacts.tables import Images, image_shape, read_schema, read_table
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.evaluation.pictures import pixels, thumbnail
from millrace.learning.evaluation.plots.figure import plain, plain_end
from millrace.learning.evaluation.plots.sheet import Tile, draw_sheet
from millrace.learning.evaluation.rows import first_of_each, take_rows

_PER_CLASS, _CLASSES, _ERRORS, _REFUSED = 10, 20, 32, 48


def draw_samples(
    path: Path, table: Path, labels: Sequence[str], channel: int | None = None
) -> None:
    """Draw ten cleaned records of each class (of twenty classes at most).

    Args:
        channel: the only one to draw; None draws pictures as they are.
    """
    shown = list(labels[:_CLASSES])
    chosen, counts = first_of_each(table, "label", shown, _PER_CLASS)
    shape = image_shape(read_schema(table))
    tiles = []
    for label in shown:
        rows = take_rows(table, chosen[label], ["image"])
        tiles += [Tile(_shown(row["image"], shape, channel)) for row in rows]
        tiles += [Tile(None)] * (_PER_CLASS - len(rows))
    title = f"Cleaned records of the training split, {counts.total():,} in all"
    if len(labels) > len(shown):
        title += f" (the first {len(shown)} of {len(labels)} classes)"
    draw_sheet(path, title, tiles, _PER_CLASS, [plain(label, 16) for label in shown])


def draw_errors(path: Path, table: Path, outcomes: Outcomes, channel: int | None = None) -> None:
    """Draw the misclassified records of the test split, the most confident first.

    Args:
        channel: the only one to draw; None draws pictures as they are.
    """
    wrong = np.flatnonzero(~outcomes.correct)
    order = wrong[np.argsort(-outcomes.confidence[wrong], kind="stable")][:_ERRORS]
    shape = image_shape(read_schema(table))
    rows = take_rows(table, order.tolist(), ["image", "record_id"])
    tiles = [
        Tile(
            _shown(row["image"], shape, channel),
            _error_caption(outcomes, index, row["record_id"]),
        )
        for index, row in zip(order, rows, strict=True)
    ]
    title = f"{len(wrong):,} of {len(outcomes):,} test records misclassified"
    if len(tiles) < len(wrong):
        title += f", the {len(tiles)} most confident"
    draw_sheet(path, title, tiles, 8)


def draw_quarantine(path: Path, table: Path) -> None:
    """Draw refused records, some of every reason."""
    reasons = sorted({r for t in read_table(table, ["reason"]) for r in t["reason"].to_pylist()})
    share = max(1, _REFUSED // max(1, len(reasons)))
    chosen, counts = first_of_each(table, "reason", reasons, share)
    order = [row for reason in reasons for row in chosen[reason]][:_REFUSED]
    rows = take_rows(table, order, ["reason", "record_id", "content", "encoding"])
    tiles = [_refused(row) for row in rows]
    summary = ", ".join(f"{plain(reason, 24)} {counts[reason]:,}" for reason in reasons)
    title = f"Quarantine: {counts.total():,} records ({plain(summary, 90)})"
    draw_sheet(path, title if tiles else "Quarantine: no record was refused", tiles, 8)


def _shown(content: bytes, shape: tuple[int, int, int], channel: int | None) -> Images:
    picture = pixels(content, shape)
    return picture if channel is None else picture[..., channel : channel + 1]


def _error_caption(outcomes: Outcomes, index: int, record_id: str) -> tuple[str, ...]:
    true, taken = (
        plain(outcomes.labels[i], 14) for i in (outcomes.truth[index], outcomes.predicted[index])
    )
    return (
        true,
        f"taken for {taken}",
        f"confidence {outcomes.confidence[index]:.3f}",
        plain_end(record_id, 20),
    )


def _refused(row: dict[str, Any]) -> Tile:
    reason = plain(row["reason"], 18)
    image = thumbnail(row["content"], row["encoding"])
    return Tile(image, (reason, plain_end(row["record_id"], 20)), instead=reason)
