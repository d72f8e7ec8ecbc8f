"""Show the whole way from raw images to stored predictions on this machine.

Starts Airflow where it does not run, runs the workflow, prints what came out and leaves the user
interface running. Running it twice is fine: the second run finds every result in the store.

Examples:
  millrace demo
  millrace demo mnist
"""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the workflow's name."""
    parser.add_argument(
        "workflow", nargs="?", default="digits", help="default: digits", metavar="WORKFLOW"
    )


def run(arguments: argparse.Namespace) -> int:
    """Bring Airflow up, run the workflow, and say where everything is."""
    from millrace.cli.console import console
    from millrace.cli.run import start, watch
    from millrace.cli.up import bring_up, show_access
    from millrace.orchestration.embedded.address import running_client
    from millrace.orchestration.embedded.installation import Installation

    installation = Installation.load()
    running = bring_up(installation)
    out = console()
    with running_client(installation) as airflow:
        run_id = start(airflow, arguments.workflow, {})
        code = watch(installation, airflow, arguments.workflow, run_id)
    out.print()
    show_access(installation, running.url)
    out.print("It keeps running; `make down` (or `millrace down`) stops it.")
    return code
