"""Peak memory of every stage but training, as the data grows.

Usage: ``MNIST=<folder> python benchmarks/stage_memory.py [--factors 1 3] [--folder DIR] [--keep]``
or ``SMS=<SMSSpamCollection> python benchmarks/stage_memory.py --data sms --factors 1 10 50``

The data are MNIST or the SMS Spam Collection so many times over, each copy changed a little. Each
stage runs in a process of its own over all its partitions; the figure is the largest resident size
of that process in MiB, its imports included. The first row is a process that imports the same and
does nothing. ``--factors 1 10 50`` of MNIST takes 15 GB of disk and half an hour.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import memory_pictures
import memory_texts
from common import machine, own_home
from memory_stages import SOURCES

from millrace.machine import peak_memory

_DATA: Mapping[str, tuple[Any, Any]] = {
    "mnist": (memory_pictures, memory_pictures.Pictures),
    "sms": (memory_texts, memory_texts.Texts),
}


def main() -> None:
    """Measure, or run one stage in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=_DATA, default="mnist", help="(default mnist)")
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 3], help="(default 1 3)")
    parser.add_argument("--stages", nargs="+", help="(default: all of the data)")
    parser.add_argument("--folder", type=Path, help="where the data lie (default: temporary)")
    parser.add_argument("--keep", action="store_true", help="leave the data in --folder")
    parser.add_argument("--child", nargs=2, metavar=("STAGE", "ROOT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        stage, root = arguments.child
        print(json.dumps(_run(arguments.data, stage, Path(root))))
        return
    stages = arguments.stages or _DATA[arguments.data][0].NAMES
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = arguments.folder if arguments.keep else Path(temporary)
        figures = {
            factor: _measure(arguments.data, folder, factor, stages) for factor in arguments.factors
        }
    _show(figures)


def _measure(data: str, folder: Path, factor: int, stages: list[str]) -> dict[str, Any]:
    root = folder / f"{data}-{factor}x"
    if not (root / SOURCES).exists():
        _DATA[data][0].write_sources(root, factor)
    figures = {}
    with own_home(MILLRACE_HOME=str(root / "home")):
        for stage in stages:
            command = [sys.executable, __file__, "--data", data, "--child", stage, str(root)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            figures[stage] = json.loads(done.stdout.splitlines()[-1])
            print(f"{factor}x {stage}: {figures[stage]}", file=sys.stderr)
    return figures


def _show(figures: Mapping[int, Mapping[str, Mapping[str, float]]]) -> None:
    factors = list(figures)
    print(f"\n### Peak memory, MiB ({machine()})\n")
    print(f"| stage | {' | '.join(f'{factor}x' for factor in factors)} | largest / first |")
    print("|---" * (len(factors) + 2) + "|")
    for stage in figures[factors[0]]:
        peaks = [figures[factor][stage]["MiB"] for factor in factors]
        row = " | ".join(f"{peak:,.0f}" for peak in peaks)
        print(f"| {stage} | {row} | {max(peaks) / peaks[0]:.2f} |")


def _run(data: str, stage: str, root: Path) -> dict[str, float]:
    """Run a stage over all that it has; return the peak in MiB and the seconds."""
    step = getattr(_DATA[data][1](root), stage.replace(", ", "_").replace(" ", "_"))
    started = time.perf_counter()
    step()
    peak = peak_memory() / 2**20
    return {"MiB": round(peak), "seconds": round(time.perf_counter() - started, 1)}


if __name__ == "__main__":
    main()
