"""Start Airflow here: its scheduler, DAG processor, triggerer and API server.

Running it twice is fine; what died is started again. Nothing is reachable from other machines.

Examples:
  millrace up                         port 8080, or the next free one
  MILLRACE_PORT=9000 millrace up      this port or none
  MILLRACE_HOME=/data/m millrace up   keep the state elsewhere
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from millrace.cli.console import console, working

if TYPE_CHECKING:
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.embedded.up import Running


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: none."""


def run(_: argparse.Namespace) -> int:
    """Bring Airflow up and say how to open it."""
    from millrace.orchestration.embedded.installation import Installation

    installation = Installation.load()
    running = bring_up(installation)
    show_access(installation, running.url)
    return 0


def bring_up(installation: Installation) -> Running:
    """Bring Airflow up, telling what happens; DAG files that could not be loaded are shown."""
    from millrace.orchestration.embedded.up import up

    with working("Starting Airflow …") as report:
        running = up(installation, report)
    out = console()
    if not running.started:
        out.print("Airflow is up already.")
    for file, reason in running.parsed.errors.items():
        out.print(f"{file} could not be loaded: ", style="red", end="")
        out.print(reason)
    for file in running.parsed.missing:
        out.print(f"{file} was not read yet.", style="yellow")
    out.print(f"DAGs: {', '.join(running.parsed.dags) or 'none'}")
    return running


def show_access(installation: Installation, url: str) -> None:
    """Say where the user interface is and how to log in."""
    from millrace.orchestration.embedded.installation import USER

    out = console()
    out.print(f"Airflow: {url}  (user {USER}; the password: `millrace password`)")
    out.print(f"Password file: {installation.password_file}")
