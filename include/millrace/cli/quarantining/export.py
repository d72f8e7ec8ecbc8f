"""The refused records as files, with `records.csv` to correct them in."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from millrace.cli.console import console
from millrace.cli.quarantining.cells import counted
from millrace.cli.showing.sources import Sources
from millrace.data.correcting.export import RECORDS, export
from millrace.data.modality import open_modality
from millrace.jobs.corrections import Corrections
from millrace.jobs.refused import refused_of, run_named
from millrace.workflow.tasks import parse


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """Write the folder and say what to do in it."""
    name, folder = words[0], Path(words[1])
    with Sources() as sources:
        record = run_named(name, sources.catalog)
        refused = refused_of(record, sources.catalog, sources.store)
        corrections = Corrections(record.workflow, sources.catalog, sources.store)
        tables = _first(
            refused.tables(arguments.reason, arguments.source, contents=True), arguments.limit
        )
        modality = open_modality(parse(record.spec).modality)
        rows = export(folder, _as_collected(tables, corrections, record.id), modality)
    out = console()
    out.print(f"{folder}: {counted(rows, 'refused record')} of run {record.id}.")
    out.print(
        f"Correct labels in {folder / RECORDS}, replace {modality.files}, leave what should stay "
        f"refused; then `millrace quarantine replay {record.workflow} {folder}`.",
    )


def _first(tables: Iterable[pa.Table], limit: int | None) -> Iterator[pa.Table]:
    """Yield the first `limit` rows; all where it is None."""
    left = limit
    for table in tables:
        yield table if left is None else table.slice(0, left)
        if left is not None:
            left -= table.num_rows
            if left <= 0:
                return


def _as_collected(
    tables: Iterable[pa.Table], corrections: Corrections, run: int
) -> Iterator[pa.Table]:
    """Yield refused records with the content that they came with, or were corrected to since."""
    for table in tables:
        known = corrections.known(run, set(table["record_id"].to_pylist()))
        rows: list[dict[str, Any]] = table.to_pylist()
        for row in rows:
            record = known.get(row["record_id"])
            if record is not None:
                row["content"], row["encoding"] = record.counts_as
                row["label"] = (record.correction or {}).get("label") or row["label"]
        yield pa.Table.from_pylist(rows, schema=table.schema)
