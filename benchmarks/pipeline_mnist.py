"""MNIST from its four files to a data set, against a hand-written NumPy and pyarrow script.

Usage: ``MNIST=<folder> python benchmarks/pipeline_mnist.py [--rounds 5]``

Ours are the stages of ``mnist.yaml`` from discover to integrate, without Airflow and without the
store. The script does the same work with whole arrays in memory: it verifies and reads the files,
refuses blank pictures and unknown labels, compares pictures by digest, splits and shuffles by
digest, and writes the same tables with the same compression at every step. Each side runs in a
process of its own, in turns; the figures are medians of CPU seconds without imports.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

from common import PROJECT, machine, own_home, show

_SIDES = ("ours", "script")


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--side", choices=_SIDES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not Path(os.environ.get("MNIST", "")).is_dir() or "MNIST" not in os.environ:
        raise SystemExit("set MNIST to a folder with the four IDX files")
    if arguments.side:
        print(_seconds(arguments.side))
        return
    seconds: dict[str, list[float]] = {side: [] for side in _SIDES}
    for _ in range(arguments.rounds):
        for side in _SIDES:
            seconds[side].append(_measured(side))
    ours, script = (statistics.median(seconds[side]) for side in _SIDES)
    show(
        f"MNIST, discover to integrate ({machine()})",
        [
            ("stages, CPU seconds", f"{ours:.2f} ({_span(seconds['ours'])})"),
            ("script, CPU seconds", f"{script:.2f} ({_span(seconds['script'])})"),
            ("script / stages", f"{script / ours:.2f}"),
        ],
    )


def _span(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def _measured(side: str) -> float:
    """Return the CPU seconds of a side, run in a process of its own."""
    command = [sys.executable, __file__, "--side", side]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _seconds(side: str) -> float:
    import duckdb  # noqa: F401
    import pandas  # noqa: F401  # pyarrow imports it when it is first given an array
    import pyarrow.compute  # noqa: F401

    with own_home(), tempfile.TemporaryDirectory() as folder:
        run = _stages if side == "ours" else _script
        return run(Path(folder))


def _stages(folder: Path) -> float:
    from stages import Stages

    from millrace.data import clean, collect, discover, integrate, transform  # noqa: F401
    from millrace.workflow.loader import load_file
    from millrace.workflow.variables import expand

    spec = load_file(PROJECT / "include/workflows/mnist.yaml")
    documents = [source.model_dump(mode="json") for source in spec.sources]
    sources = [expand(document, os.environ, "sources") for document in documents]
    started = time.process_time()
    Stages(folder).dataset(spec, sources)
    return time.process_time() - started


def _script(folder: Path) -> float:
    from mnist_script import run

    started = time.process_time()
    run(Path(os.environ["MNIST"]), folder)
    return time.process_time() - started


if __name__ == "__main__":
    main()
