"""Remove all that came from one patient, and leave them out of the runs to come.

The patient is named by the id of the source: of scans the PatientID, of e-mails the sender's
address, of tables the value of the source's `group`. The key of pseudonyms turns it into the
pseudonym; the id is neither stored nor shown, and `--patient -` reads it from standard input, so
that no shell keeps it.

What holds a record of theirs goes as a whole: collected, cleaned, transformed and united records,
quarantine, corrections, reports, predictions (those delivered to SQL, too) and originals. The next
run makes it again without them. Models stay: those that saw the patient are named, to be trained
again. The catalog records the pseudonym, what went, when and by whom.

Not reached: the source itself, backups, other hosts' caches (MILLRACE_KEEP_CACHE) and copies of
reports (MILLRACE_HOME/reports), MLflow, copies that people made. Delivered predictions are found by
the ids of records that the store still holds: where those were collected as garbage, run the
workflow once before, which gives the same ids.

Examples:
  millrace forget --patient 0815 --dry-run          what would go
  millrace forget --patient 0815 --workflow head_ct
  echo 0815 | millrace forget --patient - --yes
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from millrace.jobs.person import Found


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--patient", required=True, metavar="ID", help="as the source has it, or -")
    parser.add_argument("--workflow", metavar="NAME", help="only in this one; in all by default")
    parser.add_argument("--dry-run", action="store_true", help="say what would go")
    parser.add_argument("--yes", action="store_true", help="remove it; do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Find, show, and where it was agreed to, remove."""
    from millrace.artifacts.restricted import RestrictedStore
    from millrace.artifacts.store import Store
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import console, working
    from millrace.jobs.forget import Forgetting
    from millrace.settings import Settings

    patient = _patient(arguments.patient)
    settings = Settings.load()
    if arguments.workflow is not None:
        _check(arguments.workflow, settings.workflows)
    store = Store(settings.store, settings.home / "cache")
    restricted = RestrictedStore.load(settings.home / "restricted")
    with Catalog(settings.catalog) as catalog:
        work = Forgetting(settings, catalog, store, restricted, arguments.workflow)
        with working("Looking for the patient"):
            found = work.find(patient)
        _show(found)
        agreed = not arguments.dry_run and (arguments.yes or _ask())
        if agreed:
            with working("Removing"):
                work.forget(found)
    out = console()
    if agreed:
        out.print(f"Done: no run collects records of {found.pseudonym} any more.")
    else:
        out.print("Nothing was removed.")
    return ExitCode.DONE


def _patient(word: str) -> str:
    """Return the id; no error shows it."""
    import sys

    patient = sys.stdin.readline().strip() if word == "-" else word.strip()
    if not patient:
        raise SpecError("no patient was named", expected="an id as the source has it")
    return patient


def _check(workflow: str, folder: object) -> None:
    from pathlib import Path

    from millrace.workflow.loader import load_named

    load_named(Path(str(folder)), workflow)


def _show(found: Found) -> None:
    from millrace.cli.console import console
    from millrace.cli.tables import table

    out = console()
    out.print(f"Pseudonym: {found.pseudonym}")
    where = "any workflow" if found.workflow is None else found.workflow
    if not found.anything:
        out.print(f"Nothing of theirs was found in {where}.")
    else:
        rows = table("what", "number")
        for what, number in found.counts().items():
            rows.add_row(what, f"{number:,}")
        out.print(rows)
    if found.begun:
        out.print("An earlier removal was broken off; this one ends it.")
    if found.models:
        out.print(f"Models that were trained on it, and stay: {', '.join(found.models)}.")


def _ask() -> bool:
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input("Remove this, and leave them out from now on? [y/N] ").strip().lower() in (
        "y",
        "yes",
    )
