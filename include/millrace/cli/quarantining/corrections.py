"""The corrections in force, and their withdrawal."""

from __future__ import annotations

import argparse

from millrace.cli.console import console
from millrace.cli.quarantining.cells import cell, counted
from millrace.cli.showing.sources import Sources
from millrace.cli.tables import table
from millrace.errors import SpecError
from millrace.jobs.corrections import Corrections
from millrace.workflow.loader import load_named

_SHOWN = 50
_ALL = "all"


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """List the corrections, or withdraw some."""
    workflow = words[0]
    with Sources() as sources:
        spec = load_named(sources.settings.workflows, workflow)
        store = sources.store.sealing(spec.encryption)
        corrections = Corrections(workflow, sources.catalog, store)
        if arguments.withdraw:
            _withdraw(corrections, arguments.withdraw)
        else:
            _print(corrections, workflow)


def _withdraw(corrections: Corrections, ids: list[str]) -> None:
    known = {row["record_id"] for _, rows in corrections.in_force() for row in rows}
    unknown = [name for name in ids if name not in known and ids != [_ALL]]
    if unknown:
        raise SpecError(
            "no correction of these records is in force",
            where="--withdraw",
            expected=f"records that have one, or {_ALL}",
            received=", ".join(unknown),
        )
    count = corrections.withdraw(None if ids == [_ALL] else ids)
    console().print(f"Withdrew, from the next run on: {counted(count, 'correction')}.")


def _print(corrections: Corrections, workflow: str) -> None:
    out, found = console(), corrections.in_force()
    if not found:
        out.print(f"No corrections are in force for {workflow}.")
        return
    rows = table("record", "label", "content", "recorded", "by")
    total = 0
    for one, records in found:
        for record in records[: _SHOWN - rows.row_count]:
            label = cell(record["label"] or "as it was")
            content = "as it was" if record["content"] is None else "replaced"
            when = f"{one.recorded_at:%Y-%m-%d %H:%M}"
            rows.add_row(cell(record["record_id"]), label, content, when, one.actor)
        total += len(records)
    out.print(rows)
    if total > rows.row_count:
        out.print(f"{total - rows.row_count:,} more.")
