"""The refused records as files, with `records.csv` to correct them in."""

from __future__ import annotations

import argparse
from pathlib import Path

from millrace.cli.console import console
from millrace.cli.showing.sources import Sources
from millrace.data.correcting.export import RECORDS, export
from millrace.jobs.refused import refused_of, run_named


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """Write the folder and say what to do in it."""
    name, folder = words[0], Path(words[1])
    with Sources() as sources:
        record = run_named(name, sources.catalog)
        refused = refused_of(record, sources.catalog, sources.store)
        tables = refused.tables(arguments.reason, arguments.source, pictures=True)
        rows = export(folder, tables)
    out = console()
    out.print(f"{folder}: {rows:,} refused records of run {record.id}.", markup=False)
    out.print(
        f"Correct labels in {folder / RECORDS}, replace pictures, leave what should stay refused; "
        f"then `millrace quarantine replay {record.workflow} {folder}`.",
        markup=False,
    )
