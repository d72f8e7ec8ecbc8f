"""Show where something comes from and what came of it: lineage in both directions.

Examples:
  millrace show run                         the latest run: its stages, why each was cached or not
  millrace show run 7                       the run of that number; `millrace runs` lists them
  millrace show artifact 4f1c               an artifact, by key or digest (a prefix is enough)
  millrace show model digits                the versions of a workflow's model
  millrace show model digits:3              one version: its data, its run, what it predicted
  millrace show prediction uci/000000042    who predicted a record, with which model, from what
  millrace show record uci/000000042        a record's way through the stages

A record's name is <source>/<locator>, as in the column record_id of every table.
"""

from __future__ import annotations

import argparse
from importlib import import_module

from millrace.errors import SpecError

KINDS = ("run", "artifact", "record", "prediction", "model")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what to show, and which one."""
    parser.add_argument("kind", choices=KINDS, help="what it is", metavar="KIND")
    parser.add_argument("id", nargs="?", help="which one; of runs, the latest", metavar="ID")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    if arguments.id is None and arguments.kind != "run":
        raise SpecError(
            "nothing was named",
            expected=f"millrace show {arguments.kind} ID",
            remedy="`millrace show --help` has an example of each.",
        )
    import_module(f"millrace.cli.showing.{arguments.kind}").show(arguments.id)
    return 0
