"""A folder of JPEG photos to a data set, against a hand-written Pillow loop on the same cores.

Usage: ``CIFAR10=<archive> python benchmarks/jpeg_folder.py [--files 1000] [--rounds 5]``

The photos are 500 x 375 pixels, each a mosaic of twelve CIFAR-10 pictures enlarged, of quality 90.
Ours are the stages from discover to integrate, without Airflow and without the store: they also
keep the files' bytes, verify them twice by SHA-256, and write tables at every step; once with near
duplicates kept, which compares exact ones only, and once with near duplicates grouped, the default.
The loop (``jpeg_script.py``) makes such a data set at once: it finds and reads the files, decodes,
turns as EXIF says, digests all pixels, refuses blank pictures and labels that disagree, keeps one
of equal ones, resizes as ours do, splits and orders by digest, and writes Parquet; in a pool of
threads, and in one of processes. The loop in steps does the same work as ours: it also verifies
the files by SHA-256, and writes their bytes, the reduced and the resized photos as tables, the last
two read again by the next step. The bare loop only decodes, turns, resizes and writes an array.
No loop looks for near duplicates.
Each side runs in a process of its own, in turns, twice, on files that the system has in memory;
the figures are medians of the second time, which imports nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import numpy as np
from common import machine, own_home, show
from jpeg_script import SIZE, bare, run, run_in_steps
from PIL import Image
from stages import Stages

from millrace.workflow.tasks import parse

_LABELS = tuple("abcdefghij")


_Figures = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=1_000, help="photos (default 1,000)")
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--side", choices=_SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(_seconds(arguments.side, Path(arguments.folder))))
        return
    if not os.environ.get("CIFAR10"):
        raise SystemExit("set CIFAR10 to the archive of the binary version")
    with tempfile.TemporaryDirectory(prefix="millrace-benchmark-") as folder:
        size = _make_photos(Path(folder), arguments.files)
        figures: _Figures = {side: [] for side in _SIDES}
        for _ in range(arguments.rounds):
            for side in _SIDES:
                figures[side].append(_measured(side, folder))
    _show(figures, arguments.files, size)


def _show(figures: _Figures, files: int, size: int) -> None:
    rows: list[tuple[str, object]] = [("a photo, KB", f"{size / files / 1000:.0f}")]
    medians = {}
    for side in _SIDES:
        walls, cpus = zip(*figures[side], strict=True)
        medians[side] = np.array([statistics.median(walls), statistics.median(cpus)])
        spread = f"{min(walls):.2f} to {max(walls):.2f}"
        rows.append((f"{side}, seconds", f"{medians[side][0]:.2f} ({spread})"))
        rows.append((f"{side}, CPU seconds", f"{medians[side][1]:.2f}"))
        rows.append((f"{side}, photos/s", f"{files / medians[side][0]:,.0f}"))
    for side in _LOOPS:
        for mine in _OURS:
            wall, cpu = medians[side] / medians[mine]
            rows.append((f"{side} / {mine}, seconds, CPU seconds", f"{wall:.2f}, {cpu:.2f}"))
    show(f"{files:,} JPEG photos to {SIZE} pixels ({machine()})", rows)


def _make_photos(folder: Path, files: int) -> int:
    """Write the photos into a folder a class; return their bytes."""
    with tarfile.open(os.environ["CIFAR10"]) as archive:
        member = next(m for m in archive.getmembers() if m.name.endswith("data_batch_1.bin"))
        file = archive.extractfile(member)
        data = np.frombuffer(b"" if file is None else file.read(), np.uint8).reshape(-1, 3_073)
    images = data[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    chosen = np.random.default_rng(7).integers(0, len(images), (files, 12))
    size = 0
    for number, twelve in enumerate(chosen):
        photo = Image.new("RGB", (500, 375))
        for place, picture in enumerate(images[twelve]):
            part = Image.fromarray(picture).resize((125, 125), Image.Resampling.BICUBIC)
            photo.paste(part, (place % 4 * 125, place // 4 * 125))
        path = folder / _LABELS[number % 10] / f"{number:06d}.jpg"
        path.parent.mkdir(exist_ok=True)
        photo.save(path, quality=90)
        size += path.stat().st_size
    return size


def _measured(side: str, folder: str) -> tuple[float, float]:
    """Return the wall and the CPU seconds of a side, run in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--folder", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall, cpu = json.loads(done.stdout)
    return wall, cpu


def _seconds(side: str, folder: Path) -> tuple[float, float]:
    """Run a side twice, the first time for the imports; return the seconds of the second."""
    taken = 0.0, 0.0
    for _ in range(2):
        with own_home(), tempfile.TemporaryDirectory() as output:
            wall, cpu = time.perf_counter(), _cpu_seconds()
            _SIDES[side](folder, Path(output))
            taken = time.perf_counter() - wall, _cpu_seconds() - cpu
    return taken


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _ours(folder: Path, output: Path, *, near_duplicates: str) -> None:
    spec = parse(
        {
            "version": 1,
            "name": "photos",
            "task": "image_classification",
            "sources": [{"name": "photos", "kind": "image_folder", "uri": str(folder)}],
            "clean": {"near_duplicates": near_duplicates},
            "transform": {"size": list(SIZE), "channels": 3},
            "model": {"kind": "cnn"},
        }
    )
    Stages(output).dataset(spec, [source.model_dump(mode="json") for source in spec.sources])


_OURS: dict[str, Callable[[Path, Path], None]] = {
    "ours": partial(_ours, near_duplicates="keep"),
    "ours, near duplicates grouped": partial(_ours, near_duplicates="group"),
}
_LOOPS: dict[str, Callable[[Path, Path], None]] = {
    "loop in threads": partial(run, pool=ThreadPoolExecutor),
    "loop in processes": partial(run, pool=ProcessPoolExecutor),
    "loop in steps": partial(run_in_steps, pool=ThreadPoolExecutor),
    "bare loop": partial(bare, pool=ThreadPoolExecutor),
}
_SIDES = _OURS | _LOOPS


if __name__ == "__main__":
    main()
