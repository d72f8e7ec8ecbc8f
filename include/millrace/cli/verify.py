"""Do a run's stages again in a scratch store, and compare with what the catalog recorded.

The first difference is named: which stage, which file or fact, and what of code, packages and
machine is not as it was. The exit code is 0 where all is the same, 65 where something differs or
nothing could be compared. Training is done again, too, which takes as long as it took; --no-train
leaves it out.

Examples:
  millrace verify 7
  millrace verify 7 --no-train
  millrace verify 7 --stage integrate --stage evaluate
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from millrace.errors import ExitCode

if TYPE_CHECKING:
    from millrace.jobs.verification import Finding

_WORDS = {
    "same": "same",
    "differs": "differs",
    "source": "source gone or changed",
    "gone": "input was collected",
    "skipped": "skipped",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "run_id", type=int, metavar="RUN", help="its number, as `millrace runs` lists it"
    )
    parser.add_argument(
        "--stage", action="append", default=[], metavar="STAGE", help="only this one; repeatable"
    )
    parser.add_argument("--no-train", action="store_true", help="leave the training out")
    parser.add_argument(
        "--keep-going", action="store_true", help="do not stop at the first difference"
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify the run stage by stage."""
    import tempfile
    from pathlib import Path

    from millrace.artifacts.store import Store
    from millrace.catalog.catalog import Catalog
    from millrace.jobs.verification import Verifier
    from millrace.settings import Settings

    settings = Settings.load()
    store = Store(settings.store, settings.home / "cache")
    folder = settings.home / "scratch"
    folder.mkdir(parents=True, exist_ok=True)
    skip = ("train",) if arguments.no_train else ()
    with (
        Catalog(settings.catalog) as catalog,
        tempfile.TemporaryDirectory(dir=folder, prefix="verify-") as scratch,
    ):
        record = catalog.runs.get(arguments.run_id)
        verifier = Verifier(store, catalog, Path(scratch), _tell)
        return _show(verifier.verify(record, arguments.stage, skip), arguments.keep_going)


def _tell(event: Mapping[str, Any]) -> None:
    """Print a line an epoch: training takes long."""
    from millrace.cli.console import console
    from millrace.wording import progress

    if "epoch" in event:
        console().print(f"  {progress(event)}")


def _show(findings: Iterable[Finding], keep_going: bool) -> ExitCode:
    """Print each finding as it comes, and what they come to."""
    from millrace.cli.console import console
    from millrace.wording import duration

    counts = dict.fromkeys(_WORDS, 0)
    first: Finding | None = None
    for one in findings:
        counts[one.state] += 1
        if one.state != "skipped":
            console().print(f"{_title(one):<24}{_WORDS[one.state]:<24}{duration(one.seconds)}")
        if one.state in ("source", "gone"):
            _reasons(one)
        if one.state == "differs":
            first = first or one
            if not keep_going:
                break
    left_out = [f"{counts[s]} {_WORDS[s]}" for s in ("source", "gone", "skipped") if counts[s]]
    rest = f" ({', '.join(left_out)})" if left_out else ""
    same = counts["same"]
    if first is None and same:
        noun = "result" if same == 1 else "results"
        console().print(f"Same as recorded: {same} {noun}{rest}.")
        return ExitCode.DONE
    if first is None:
        console().print(f"Nothing was verified{rest}.")
        return ExitCode.DATA
    console().print(f"The first difference is in {_title(first)}{rest}:")
    _reasons(first)
    return ExitCode.DATA


def _title(finding: Finding) -> str:
    one = finding.execution
    return one.stage if one.partition is None else f"{one.stage} {one.partition}"


def _reasons(finding: Finding) -> None:
    from millrace.cli.console import console

    for reason in finding.reasons:
        console().print(f"  {reason}")
