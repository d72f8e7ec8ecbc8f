"""Spare a run from garbage collection, with all that it reaches, until it is released.

Without a run, the kept ones are listed.

Examples:
  millrace keep 7 --because "figures of the report of May"
  millrace keep 7 --release
  millrace keep
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from millrace.catalog.catalog import Catalog
    from millrace.catalog.records import RunRecord
    from millrace.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "run_id", nargs="?", type=int, metavar="RUN", help="its number, as `millrace runs` lists it"
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--because", metavar="REASON", help="why")
    either.add_argument("--release", action="store_true", help="keep it no longer")


def run(arguments: argparse.Namespace) -> int:
    """Keep or release the run, or list what is kept."""
    from millrace.catalog.catalog import Catalog
    from millrace.cli.console import console
    from millrace.settings import Settings

    settings = Settings.load()
    with Catalog(settings.catalog) as catalog:
        if arguments.run_id is None:
            _list(catalog.runs.kept())
        elif arguments.release:
            catalog.runs.keep(arguments.run_id, None)
            console().print(f"Run {arguments.run_id} is no longer kept.")
        elif arguments.because is None:
            raise SpecError(
                "a run is kept for a reason", expected='millrace keep RUN --because "..."'
            )
        else:
            kept = catalog.runs.keep(arguments.run_id, arguments.because)
            console().print(f"Run {kept.id} ({kept.dag_id} {kept.run_id}) is kept: {kept.kept}")
            _warn(settings, catalog, kept)
    return ExitCode.DONE


def _list(runs: list[RunRecord]) -> None:
    from millrace.cli.console import console
    from millrace.cli.tables import table

    if not runs:
        console().print("No run is kept by name.")
        return
    rows = table("id", "dag", "run", "because")
    for one in runs:
        rows.add_row(str(one.id), one.dag_id, one.run_id, one.kept or "")
    console().print(rows)


def _warn(settings: Settings, catalog: Catalog, kept: RunRecord) -> None:
    """Say what of the run is gone already."""
    from millrace.artifacts.store import Store
    from millrace.cli.console import console

    store = Store(settings.store, settings.home / "cache", shows=True)
    outputs = {one.output for one in catalog.executions.of_run(kept.id) if one.output}
    gone = [ref for ref in outputs if store.find(ref.key) is None]
    if gone:
        console().print(
            f"{len(gone)} of its {len(outputs)} artifacts were collected before; they cannot be "
            "kept, but `millrace run` with the same parameters makes them again."
        )
