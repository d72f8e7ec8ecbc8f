"""A contact sheet of refused pictures, each with its record, its label and the reason."""

from __future__ import annotations

import argparse
from pathlib import Path

from millrace.cli.console import console
from millrace.cli.quarantining.cells import counted
from millrace.cli.showing.sources import Sources
from millrace.data.encoding import UNREADABLE
from millrace.errors import DataError, SpecError, TransientError
from millrace.jobs.refused import Refused, refused_of, run_named

_LIMIT, _COLUMNS, _LINE = 60, 10, 20  # pictures; pictures a row; characters a line
_INSTEAD = "cannot be shown"


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """Draw the sheet."""
    if not arguments.output or Path(arguments.output).suffix.lower() != ".png":
        raise SpecError(
            "the sheet's file is not named",
            where="-o",
            expected="a file that ends in .png",
            received=arguments.output or "nothing",
        )
    path, limit = Path(arguments.output), arguments.limit or _LIMIT
    with Sources() as sources:
        record = run_named(words[0] if words else None, sources.catalog)
        refused = refused_of(record, sources.catalog, sources.store)
        shown, total = _draw(path, refused, arguments, limit)
    more = "" if total == shown else f" of {total:,} (--limit shows more)"
    console().print(f"{path}: {counted(shown, 'picture')}{more}.")


def _draw(
    path: Path, refused: Refused, arguments: argparse.Namespace, limit: int
) -> tuple[int, int]:
    from millrace.learning.evaluation.pictures import thumbnail
    from millrace.learning.evaluation.plots.figure import plain, plain_end
    from millrace.learning.evaluation.plots.sheet import Tile, draw_sheet

    tiles: list[Tile] = []
    total = 0
    for part in refused.tables(arguments.reason, arguments.source, contents=True):
        total += part.num_rows
        for row in part.slice(0, limit - len(tiles)).to_pylist():
            lines = (plain_end(row["record_id"], _LINE), plain(row["label"] or "no label", _LINE))
            image = thumbnail(row["content"], row["encoding"])
            caption = (*lines, plain(row["reason"], _LINE))
            unread = row["encoding"].startswith(UNREADABLE)
            tiles.append(Tile(image, caption, instead="not a picture" if unread else _INSTEAD))
    if not tiles:
        raise DataError(
            "no record was refused so",
            where=f"run {refused.run.id}",
            remedy=f"`millrace quarantine {refused.run.id}` lists what was refused.",
        )
    title = f"{refused.run.workflow}, run {refused.run.id}: {len(tiles):,} of {total:,} refused"
    try:
        draw_sheet(path, title, tiles, _COLUMNS)
    except OSError as error:
        raise TransientError("cannot write the sheet", where=path, received=error) from error
    return len(tiles), total
