"""Remove from the store what nothing needs any more; without --yes, only say what would go.

Kept is whatever these can reach, with their inputs: each champion and the runs behind it, runs that
run, runs named by `millrace keep`, runs and model versions within retention, corrections in force.
Retention: MILLRACE_KEEP_RUNS (20 a DAG), MILLRACE_KEEP_DAYS (30), MILLRACE_KEEP_VERSIONS (5 a
workflow), MILLRACE_GC_GRACE (hours for which nothing new is touched: 24), MILLRACE_KEEP_CACHE
(days: 30). Jobs may run meanwhile. The history of collected runs stays in the catalog. Originals in
the restricted store (MILLRACE_RESTRICTED_STORE) go after MILLRACE_RESTRICTED_DAYS (30).

Examples:
  millrace gc                what would go
  millrace gc --yes          remove it
  millrace gc --json         the same figures for a program
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.errors import ExitCode

if TYPE_CHECKING:
    from millrace.jobs.cleanup import Cleanup, Report

_REASONS = {
    "running": "running",
    "kept": "kept by name",
    "model": "behind a model version",
    "recent": "recent",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--yes", action="store_true", help="remove it; do not ask")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument(
        "--unknown",
        action="store_true",
        help="also collect artifacts that this catalog never heard of; never where another "
        "installation uses the same store",
    )
    parser.add_argument(
        "--stalled",
        type=float,
        metavar="DAYS",
        help="count runs as ended in which nothing began or ended for so long: killed ones, "
        "which nobody could record",
    )


def run(arguments: argparse.Namespace) -> int:
    """Plan, show, and where it was agreed to, remove."""
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import working
    from millrace.jobs.cleanup import Cleanup
    from millrace.jobs.collection import collecting
    from millrace.settings import Settings

    settings = Settings.load()
    with Catalog(settings.catalog) as catalog, collecting(settings.home, catalog):
        cleanup = Cleanup.of(
            settings, catalog, unknown=arguments.unknown, stalled=arguments.stalled
        )
        with working("Looking through the store"):
            report = cleanup.plan()
        if not arguments.json:
            _show(report)
        agreed = report.count > 0 and (arguments.yes or (not arguments.json and _ask()))
        freed = _sweep(cleanup, report) if agreed else None
    _end(arguments, report, freed)
    return ExitCode.DONE


def _show(report: Report) -> None:
    from millrace.cli.console import console
    from millrace.cli.tables import table
    from millrace.wording import size

    out = console()
    out.print(f"Store: {report.store}, {size(report.stored)}")
    reasons = [f"{count} {_REASONS[reason]}" for reason, count in report.runs.items()]
    out.print(f"Runs that keep something: {', '.join(reasons) or 'none'}")
    out.print(f"Model versions kept: {report.versions}")
    for note in report.notes:
        out.print(note)
    if not report.count:
        out.print("Nothing to collect.")
        return
    for title, figures in (("what", report.by_kind), ("workflow", report.by_workflow)):
        rows = table(title, "files", "size")
        for name, (count, total) in figures.items():
            rows.add_row(name, f"{count:,}", size(total))
        out.print(rows)


def _ask() -> bool:
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return input("Remove this? [y/N] ").strip().lower() in ("y", "yes")


def _sweep(cleanup: Cleanup, report: Report) -> int:
    from millrace.cli.console import working

    with working("Removing"):
        return cleanup.sweep(report)


def _end(arguments: argparse.Namespace, report: Report, freed: int | None) -> None:
    import json

    from millrace.cli.console import console
    from millrace.wording import size

    if arguments.json:
        console().print(
            json.dumps({**report.to_document(), "removed": freed is not None, "freed": freed or 0}),
        )
    elif freed is not None:
        console().print(f"Freed {size(freed)}.")
    elif report.count:
        console().print(
            f"{report.count:,} files, {size(report.bytes)}, would go. "
            "Nothing was removed; `millrace gc --yes` does it."
        )
