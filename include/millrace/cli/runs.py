"""List the latest runs, newest first.

Examples:
  millrace runs
  millrace runs digits --limit 5
"""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the filter."""
    parser.add_argument("workflow", nargs="?", help="only of this workflow", metavar="WORKFLOW")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="at most N (20)")


def run(arguments: argparse.Namespace) -> int:
    """Print a table of runs."""
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import console
    from millrace.cli.tables import table
    from millrace.settings import Settings
    from millrace.wording import duration

    with Catalog(Settings.load().catalog) as catalog:
        records = catalog.runs.latest(arguments.workflow, arguments.limit)
    if not records:
        console().print("No runs yet.")
        return 0
    rows = table("id", "dag", "run", "trigger", "state", "started", "took")
    for one in records:
        end = one.finished_at
        took = "" if end is None else duration((end - one.started_at).total_seconds())
        rows.add_row(
            str(one.id),
            one.dag_id,
            one.run_id,
            one.trigger,
            one.state,
            f"{one.started_at:%Y-%m-%d %H:%M:%S}",
            took,
        )
    console().print(rows)
    return 0
