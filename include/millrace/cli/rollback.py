"""Make an earlier champion the champion again; the history keeps both decisions, with the reason.

Without --to it is the champion before the present one. Where Airflow runs here, the workflow's
champion asset is updated, so that what is scheduled on it (predictions, by default) runs again;
where MLFLOW_TRACKING_URI is set, MLflow's alias `champion` moves, too.

Examples:
  millrace rollback digits --because "version 3 confuses 4 and 9 in production"
  millrace rollback digits --to 1 --because "back to the audited model"
"""

from __future__ import annotations

import argparse

from millrace.errors import ExitCode


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("workflow", help="whose champion", metavar="WORKFLOW")
    parser.add_argument("--to", type=int, metavar="VERSION", help="which former champion")
    parser.add_argument("--because", required=True, metavar="REASON", help="why; kept for good")


def run(arguments: argparse.Namespace) -> int:
    """Roll back and set off what depends on the champion."""
    import getpass

    from millrace.artifacts.store import Store
    from millrace.catalog.catalog import Catalog
    from millrace.cli.announce import announce
    from millrace.cli.console import console
    from millrace.jobs.rollback import roll_back
    from millrace.jobs.tracking import champion_changed
    from millrace.settings import Settings

    settings = Settings.load()
    store = Store(settings.store, settings.home / "cache", shows=True)
    name, reason = arguments.workflow, arguments.because
    with Catalog(settings.catalog) as catalog:
        made = roll_back(catalog, store, name, arguments.to, reason, getpass.getuser())
        champion_changed(settings, catalog, name)
    console().print(
        f"{made.workflow}: version {made.version} is the champion again, instead of version "
        f"{made.replaced}: {made.reason}",
    )
    if not announce(made.workflow, made.version):
        console().print(
            "Predictions were not made again. With Airflow up (`millrace up`), "
            f"`millrace run {made.workflow}_predict` makes them with version {made.version}."
        )
    return ExitCode.DONE
