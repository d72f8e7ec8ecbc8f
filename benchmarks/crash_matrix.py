"""The crash matrix: kill everything that a run stands on, at random, and see what it ends as.

    .venv/bin/python benchmarks/crash_matrix.py --kills 100 --output benchmarks/crash_matrix.md

A workflow runs again and again through a real Airflow: scheduler, executor, API server. Meanwhile
tasks, training processes, containers, a Docker daemon of its own, the scheduler and the API server
are killed and the S3 endpoint is cut off, at moments that `--seed` decides. Every such run must end
as an undisturbed one: success, the same digests, the same rows in the prediction table, never two
jobs of one key at once, none left, at most one epoch lost a kill. Ends with 1 where one does
not, names the run, and keeps all logs below `--folder`. Stacks: `local` and `s3` train in a process
and keep the store on disk and on an S3 endpoint; `docker` trains in containers and needs root,
Docker and the trainer image; `celery` has two workers and needs PostgreSQL and Redis. 100 kills
take about an hour on two cores.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))
sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the S3 endpoint of the tests

from common import machine
from crash.matrix import Tally, disturb
from crash.report import report
from crash.runner import Runner
from crash.stack import KINDS, Stack, started
from crash.victims import VICTIMS

from s3_server import S3Server


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops what was started
    folder = Path(options.folder or tempfile.mkdtemp(prefix="crash-"))
    stacks = options.stacks.split(",")
    tallies: list[Tally] = []
    for kind in stacks:
        quotas = _quotas(kind, options.kills // len(stacks), options.victims)
        say(f"{kind}: seed {options.seed}, strikes {quotas}")
        with _stack(kind, folder / kind, options) as stack:
            runner = Runner(stack, options.patience)
            tallies.append(disturb(runner, quotas, options.seed, options.at_once, say))
        text = report(tallies, _facts(options))
        if options.output:
            Path(options.output).write_text(text)
    print(text)
    if any(tally.violations for tally in tallies):
        print(f"The logs are kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _stack(kind: str, folder: Path, options: argparse.Namespace) -> AbstractContextManager[Stack]:
    if not KINDS[kind].celery:
        return started(kind, folder, options.epochs, S3Server, options.image)
    from crash.celery_stack import celery_started

    return celery_started(folder, options.epochs)


def say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", flush=True)


def _quotas(kind: str, kills: int, wanted: str) -> dict[str, int]:
    """Share the kills among the victims of a kind of stack."""
    names = [v.name for v in VICTIMS.values() if v.fits(KINDS[kind]) and wanted in v.name]
    share, rest = divmod(kills, len(names))
    return {name: share + (index < rest) for index, name in enumerate(names)}


def _facts(options: argparse.Namespace) -> list[tuple[str, object]]:
    return [
        ("machine", machine()),
        ("seed", options.seed),
        ("epochs of an undisturbed training", options.epochs),
        ("strikes in a run", f"1 to {options.at_once}"),
        ("when", f"{datetime.now(UTC):%Y-%m-%d}"),
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=105, help="strikes in all (default 105)")
    parser.add_argument(
        "--stacks", default="local,s3,docker,celery", help=f"some of {', '.join(KINDS)}"
    )
    parser.add_argument("--victims", default="", help="only those with this in their name")
    parser.add_argument("--seed", type=int, default=7, help="of the plan (default 7)")
    parser.add_argument("--at-once", type=int, default=3, help="strikes in a run (default 3)")
    parser.add_argument("--patience", type=float, default=420, help="seconds for a run (420)")
    parser.add_argument("--epochs", type=int, default=30, help="of the training (default 30)")
    parser.add_argument("--image", default="millrace-trainer:cpu", help="of the containers")
    parser.add_argument("--folder", help="for the installations and their logs; a short path")
    parser.add_argument("--output", help="Markdown file for the result")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
