"""Print the password of Airflow's user `admin`.

Example:
  millrace password
"""

from __future__ import annotations

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: none."""


def run(_: argparse.Namespace) -> int:
    """Print the password; make one where there is none."""
    from millrace.cli.console import console
    from millrace.orchestration.embedded.installation import Installation
    from millrace.orchestration.embedded.password import password

    installation = Installation.load()
    installation.prepare()
    console().print(password(installation.password_file))
    return 0
