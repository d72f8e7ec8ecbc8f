"""Show where something comes from and what came of it: lineage in both directions.

Examples:
  millrace show run 7                       a run: its stages, why each was cached or not
  millrace show artifact 4f1c               an artifact, by key or digest (a prefix is enough)
  millrace show model digits                the versions of a workflow's model
  millrace show model digits:3              one version: its data, its run, what it predicted
  millrace show prediction digits/0000042   who predicted a record, with which model, from what
  millrace show record digits/0000042       a record's way through the stages
"""

from __future__ import annotations

import argparse
from importlib import import_module

KINDS = ("run", "artifact", "record", "prediction", "model")


def add(parser: argparse.ArgumentParser) -> None:
    """Add what to show, and which one."""
    parser.add_argument("kind", choices=KINDS, help="what it is", metavar="KIND")
    parser.add_argument("id", help="which one", metavar="ID")


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    import_module(f"millrace.cli.showing.{arguments.kind}").show(arguments.id)
    return 0
