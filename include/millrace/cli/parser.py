"""`build_parser`: the command line, in one table of commands that can be read."""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

from rich_argparse import RawDescriptionRichHelpFormatter

import millrace

COMMANDS: tuple[str, ...] = (
    "demo",
    "up",
    "down",
    "status",
    "password",
    "new",
    "validate",
    "schema",
    "run",
    "runs",
    "show",
    "quarantine",
    "verify",
    "approve",
    "reject",
    "rollback",
    "keep",
    "gc",
    "keys",
    "forget",
    "reap",
    "catalog",
)

_DESCRIPTION = """From raw data to predictions: one YAML file a problem, one Airflow task a stage.

  millrace demo              the digits workflow from raw images to predictions
  millrace validate          check the files of include/workflows
  millrace run digits        run a workflow and follow it
  millrace show model        the versions of the models"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command's module adds its own part and names its `run`."""
    parser = argparse.ArgumentParser(
        prog="millrace",
        description=_DESCRIPTION,
        epilog="Exit codes: 0 done; 64 the request or a spec is wrong; 65 the data is wrong; "
        "70 a bug; 75 try again.",
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"millrace {millrace.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        _add(commands, name, import_module(f"millrace.cli.{name}"))
    return parser


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, module: ModuleType
) -> None:
    """Add a command: the first line of its module's docstring is its help, the rest its epilog."""
    summary, _, more = (module.__doc__ or "").partition("\n")
    command = commands.add_parser(
        name,
        help=summary,
        description=f"{summary}\n{more}".rstrip(),
        formatter_class=RawDescriptionRichHelpFormatter,
    )
    module.add(command)
    command.set_defaults(run=module.run)
