"""MNIST from its four files to a data set, against a hand-written NumPy and pyarrow script.

Usage: ``MNIST=<folder> python benchmarks/pipeline_mnist.py [--rounds 5]``

Ours are the stages of ``mnist.yaml`` from discover to integrate, without Airflow and without the
store. The script does the same work with whole arrays in memory: it verifies and reads the files,
refuses blank pictures and unknown labels, compares pictures by digest, splits and shuffles by
digest, and writes the same tables with the same compression at every step; once with its tables
handed on in memory, and once with every step reading what the one before wrote, as stages do that
can run by themselves. Each side runs in a process of its own, in turns, twice; the figures are
medians of the CPU seconds of the second time, which imports nothing.
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

_SIDES = ("stages", "script", "script in steps")


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
    show(f"MNIST, discover to integrate, CPU seconds ({machine()})", _rows(seconds))


def _rows(seconds: dict[str, list[float]]) -> list[tuple[str, object]]:
    middle = {side: statistics.median(taken) for side, taken in seconds.items()}
    return [
        *((s, f"{middle[s]:.2f} ({min(t):.2f} to {max(t):.2f})") for s, t in seconds.items()),
        *((f"{s} / stages", f"{middle[s] / middle['stages']:.2f}") for s in _SIDES[1:]),
    ]


def _measured(side: str) -> float:
    """Return the CPU seconds of a side, run in a process of its own."""
    command = [sys.executable, __file__, "--side", side]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _seconds(side: str) -> float:
    """Run a side twice, the first time for the imports; return the CPU seconds of the second."""
    taken = 0.0
    for _ in range(2):
        with own_home(), tempfile.TemporaryDirectory() as folder:
            started = time.process_time()
            _run(side, Path(folder))
            taken = time.process_time() - started
    return taken


def _run(side: str, folder: Path) -> None:
    if side == "stages":
        _stages(folder)
    else:
        from mnist_script import run

        run(Path(os.environ["MNIST"]), folder, steps=side == "script in steps")


def _stages(folder: Path) -> None:
    from stages import Stages

    from millrace.workflow.loader import load_file
    from millrace.workflow.variables import expand

    spec = load_file(PROJECT / "include/workflows/mnist.yaml")
    documents = [source.model_dump(mode="json") for source in spec.sources]
    sources = [expand(document, os.environ, "sources") for document in documents]
    Stages(folder).dataset(spec, sources)


if __name__ == "__main__":
    main()
