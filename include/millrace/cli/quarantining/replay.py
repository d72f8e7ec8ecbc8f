"""Records that a person corrected, checked and put in force from the next run on."""

from __future__ import annotations

import argparse
import difflib
from pathlib import Path

from millrace.cli.console import console
from millrace.cli.quarantining.cells import counted
from millrace.cli.showing.sources import Sources
from millrace.data.correcting.edited import read_edited, refuse
from millrace.data.correcting.export import RECORDS
from millrace.data.modality import open_modality
from millrace.jobs.corrections import Corrections
from millrace.jobs.refused import outputs, run_named
from millrace.jobs.replay import Changes, compare
from millrace.workflow.loader import load_named


def run(words: list[str], arguments: argparse.Namespace) -> None:
    """Compare the folder with the workflow's latest run, and record what it changes."""
    workflow, folder = words[0], Path(words[1])
    with Sources() as sources:
        spec = load_named(sources.settings.workflows, workflow)
        edited = read_edited(folder)
        record = run_named(workflow, sources.catalog)
        store = sources.store.sealing(spec.encryption)
        corrections = Corrections(workflow, sources.catalog, store)
        known = corrections.known(record.id, {row.record_id for row in edited})
        labels = _labels(sources, record.id)
        changes = compare(edited, known, spec, labels)
        refuse(folder / RECORDS, changes.problems)
        _tell(changes, workflow, record.id, labels, open_modality(spec.modality).noun)
        if changes.count and not arguments.dry_run:
            made = corrections.record(changes.rows)
            total = sum(one.rows for one in made)
            console().print(
                f"Recorded. In force now: {counted(total, 'correction')}; "
                f"`millrace run {workflow}` uses what is in force.",
            )


def _labels(sources: Sources, run: int) -> list[str]:
    """Return the labels of the run's data set; empty where it came to none."""
    refs = outputs(sources.catalog.executions.of_run(run), "integrate")
    return [str(label) for ref in refs for label in sources.store.get(ref).facts.get("labels", ())]


def _tell(changes: Changes, workflow: str, run: int, labels: list[str], noun: str) -> None:
    out = console()
    out.print(
        f"Corrected: {counted(changes.count, 'record')} ({counted(changes.labels, 'label')}, "
        f"{counted(changes.contents, noun)}). "
        f"Nothing new: {counted(changes.unchanged, 'row')}.",
    )
    for label, rows in sorted(changes.new_labels.items()):
        close = difflib.get_close_matches(label, labels, 1)
        hint = f" Did you mean {close[0]!r}? Correct it and replay again." if close else ""
        out.print(
            f"Note: no record of run {run} has the label {label!r}; {counted(rows, 'row')} here."
            f"{hint}",
        )
    if not changes.count:
        out.print(
            "Nothing to record: change labels or files first, and see `millrace quarantine "
            f"corrections {workflow}` for what is in force already.",
        )
