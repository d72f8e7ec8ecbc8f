"""Remove containers that nobody follows any more; without --yes, only say which.

A stray is a container of this installation on the Docker daemon of DOCKER_HOST, or a pod in its
namespace where MILLRACE_RUNTIME or a workflow says kubernetes: one that runs though its run has
ended, or one that ended over an hour ago. Never one that a task follows. What it had made is in
the store; a training that is stopped saves its state there first.

Examples:
  millrace reap              which would go
  millrace reap --yes        remove them
  millrace reap --json       the same for a program
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.errors import ExitCode

if TYPE_CHECKING:
    from millrace.jobs.runtimes.docker.strays import Stray


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--yes", action="store_true", help="remove them")
    parser.add_argument("--json", action="store_true", help="print them as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Find and show, and where it was agreed to, remove."""
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import working
    from millrace.jobs.runtimes.strays import strays_of
    from millrace.settings import Settings

    settings = Settings.load()
    with (
        Catalog(settings.catalog) as catalog,
        strays_of(settings, catalog) as strays,
        working("Asking what runs"),
    ):
        found = strays.remove() if arguments.yes else strays.find()
    _show(found, removed=arguments.yes, as_json=arguments.json)
    return ExitCode.DONE


def _show(found: list[Stray], *, removed: bool, as_json: bool) -> None:
    import json

    from millrace.cli.console import console
    from millrace.cli.tables import table

    out = console()
    if as_json:
        documents = [stray.to_document() for stray in found]
        out.print(json.dumps({"strays": documents, "removed": removed}))
        return
    if not found:
        out.print("No strays.")
        return
    rows = table("container", "run", "status", "why")
    for stray in found:
        rows.add_row(stray.name, stray.run, stray.status, stray.reason)
    out.print(rows)
    said = "Removed" if removed else "Would go; `millrace reap --yes` removes"
    out.print(f"{said}: {len(found)}.")
