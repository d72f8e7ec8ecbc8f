"""Stop Airflow here and everything that it started.

A running stage is given some seconds, then it is stopped; the next `up` starts it again. Nothing
that was computed is lost.

Example:
  millrace down
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.cli.console import console, working
from millrace.errors import MillraceError

if TYPE_CHECKING:
    from millrace.orchestration.embedded.installation import Installation


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: none."""


def run(_: argparse.Namespace) -> int:
    """Stop all components; say which runs they leave unfinished."""
    from millrace.orchestration.embedded.down import down
    from millrace.orchestration.embedded.installation import Installation

    installation = Installation.load()
    unfinished = _unfinished(installation)
    with working("Stopping Airflow …") as report:
        stopped = down(installation, report)
    idle = not stopped.components and not stopped.killed
    console().print("Airflow was not running." if idle else "Airflow is down.")
    for name in unfinished:
        console().print(f"Unfinished, goes on at the next `millrace up`: {name}")
    return 0


def _unfinished(installation: Installation) -> list[str]:
    """Return the runs in progress; none where Airflow does not answer."""
    from millrace.orchestration.embedded.address import running_client

    try:
        with running_client(installation) as airflow:
            return [f"{one['dag_id']} {one['dag_run_id']}" for one in airflow.active_runs()]
    except MillraceError:
        return []
