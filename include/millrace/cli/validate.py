"""Check workflow files and say what each one means, or what is wrong with it.

Without a name, all files of include/workflows are checked, and the setting MILLRACE_NOTIFY. The
exit code is 64 if one is wrong.

Examples:
  millrace validate
  millrace validate digits
  millrace validate ~/drafts/leaves.yaml
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from millrace.errors import ExitCode, SpecError

if TYPE_CHECKING:
    from millrace.settings import Settings
    from millrace.workflow.spec import WorkflowSpec


def add(parser: argparse.ArgumentParser) -> None:
    """Add the files."""
    parser.add_argument("names", nargs="*", help="a workflow's name or a file", metavar="NAME|FILE")


def run(arguments: argparse.Namespace) -> int:
    """Check each file by itself, so that one mistake does not hide the next."""
    from millrace.cli.console import console
    from millrace.settings import Settings
    from millrace.workflow.loader import load_all

    settings = Settings.load()
    folder = settings.workflows
    wrong = 0
    for name, found in _each(folder, arguments.names):
        if isinstance(found, SpecError):
            wrong += 1
            console().print(f"{name}: {found}")
        else:
            console().print(f"{name}: ok, {summary(found)}")
    if not arguments.names and not wrong:
        load_all(folder)  # what is only wrong between files
    if not arguments.names:
        wrong += _check_notices(settings)
    return ExitCode.SPEC if wrong else ExitCode.DONE


def _check_notices(settings: Settings) -> int:
    """Check who is told of what; return 1 where the setting is wrong."""
    from millrace.cli.console import console
    from millrace.orchestration.notices_check import check_notices

    try:
        count = check_notices(settings)
    except SpecError as error:
        console().print(f"MILLRACE_NOTIFY: {error}")
        return 1
    if count:
        console().print(f"MILLRACE_NOTIFY: ok, {count} rules")
    return 0


def summary(spec: WorkflowSpec) -> str:
    """Return a workflow in one line."""
    sources = ", ".join(f"{source.name} ({source.kind})" for source in spec.sources)
    plan = f"{spec.train.epochs} epochs of {spec.model.kind}"
    if spec.competes:
        plan += f"; the best of {', '.join([*spec.networks, *spec.classical])}"
    schedule = "by hand" if spec.schedule is None else f"schedule {spec.schedule}"
    return f"{spec.task}: {sources}; {plan}; {schedule}"


def _each(folder: Path, names: list[str]) -> Iterable[tuple[str, WorkflowSpec | SpecError]]:
    from millrace.workflow.loader import SUFFIXES, load_file, load_named, spec_files

    for name in names or [path.stem for path in spec_files(folder)]:
        path = Path(name)
        try:
            is_file = path.suffix in SUFFIXES
            yield name, load_file(path) if is_file else load_named(folder, name)
        except SpecError as error:
            yield name, error
