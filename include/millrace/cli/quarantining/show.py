"""A sheet of refused records, each with its label and the reason; drawn as the modality does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from millrace.cli.console import console
from millrace.cli.quarantining.cells import counted
from millrace.cli.showing.sources import Sources
from millrace.data.modality import open_modality
from millrace.errors import DataError, SpecError, TransientError
from millrace.jobs.refused import Refused, refused_of, run_named
from millrace.workflow.tasks import parse

_LIMIT = 60  # records


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
        modality = parse(record.spec).modality
        shown, total = _draw(path, refused, arguments, limit, modality)
    more = "" if total == shown else f" of {total:,} (--limit shows more)"
    console().print(f"{path}: {counted(shown, open_modality(modality).noun)}{more}.")


def _draw(
    path: Path, refused: Refused, arguments: argparse.Namespace, limit: int, modality: str
) -> tuple[int, int]:
    from millrace.learning.modality import open_learning

    rows: list[dict[str, Any]] = []
    total = 0
    for part in refused.tables(arguments.reason, arguments.source, contents=True):
        total += part.num_rows
        rows += part.slice(0, limit - len(rows)).to_pylist()
    if not rows:
        raise DataError(
            "no record was refused so",
            where=f"run {refused.run.id}",
            remedy=f"`millrace quarantine {refused.run.id}` lists what was refused.",
        )
    title = f"{refused.run.workflow}, run {refused.run.id}: {len(rows):,} of {total:,} refused"
    try:
        open_learning(modality).draw_refused(path, title, rows)
    except OSError as error:
        raise TransientError("cannot write the sheet", where=path, received=error) from error
    return len(rows), total
