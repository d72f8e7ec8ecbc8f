"""A folder of JPEG photos to a data set, against a hand-written Pillow loop on the same cores.

Usage: ``CIFAR10=<archive> python benchmarks/jpeg_folder.py [--files 3000] [--rounds 5]``

The photos are 500 x 375 pixels, each a mosaic of twelve CIFAR-10 pictures enlarged, of quality 90.
Ours are the stages from discover to integrate, without Airflow and without the store; they keep
the files' bytes, verify them twice by SHA-256, and write tables at every step. The loop decodes,
turns as EXIF says, resizes and writes arrays, in a pool of threads as large as ours. The checked
loop also does what no data set should go without: it refuses blank pictures, keeps one of equal
ones by the same digest of all pixels, and hashes for near duplicates. Each side runs in a process
of its own, in turns, on files that the system has in memory; the figures are medians without
imports.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

import imagehash
import numpy as np
from common import machine, own_home, show
from PIL import Image, ImageOps

_SIDES = ("ours", "loop", "checked loop")
_SIZE = (64, 64)
_LABELS = tuple("abcdefghij")


def main() -> None:
    """Compare the sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=3_000, help="photos (default 3,000)")
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
        figures: dict[str, list[tuple[float, float]]] = {side: [] for side in _SIDES}
        for _ in range(arguments.rounds):
            for side in _SIDES:
                figures[side].append(_measured(side, folder))
    _show(figures, arguments.files, size)


def _show(figures: dict[str, list[tuple[float, float]]], files: int, size: int) -> None:
    rows: list[tuple[str, object]] = [("a photo, KB", f"{size / files / 1000:.0f}")]
    medians = {}
    for side in _SIDES:
        walls, cpus = zip(*figures[side], strict=True)
        medians[side] = statistics.median(walls)
        spread = f"{min(walls):.2f} to {max(walls):.2f}"
        rows.append((f"{side}, seconds", f"{medians[side]:.2f} ({spread})"))
        rows.append((f"{side}, CPU seconds", f"{statistics.median(cpus):.2f}"))
        rows.append((f"{side}, photos/s", f"{files / medians[side]:,.0f}"))
    rows.extend(
        (f"{side} / ours, seconds", f"{medians[side] / medians['ours']:.2f}") for side in _SIDES[1:]
    )
    show(f"{files:,} JPEG photos to {_SIZE} pixels ({machine()})", rows)


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
    with own_home(), tempfile.TemporaryDirectory() as output:
        loop = partial(_loop, checked=side == "checked loop")
        run = _prepare_ours(folder) if side == "ours" else loop
        wall, cpu = time.perf_counter(), time.process_time()
        run(folder, Path(output))
        return time.perf_counter() - wall, time.process_time() - cpu


def _prepare_ours(folder: Path) -> Callable[[Path, Path], object]:
    import duckdb  # noqa: F401
    import pyarrow.compute  # noqa: F401
    from stages import Stages

    from millrace.data import clean, collect, discover, integrate, transform  # noqa: F401
    from millrace.workflow.spec import WorkflowSpec

    spec = WorkflowSpec.model_validate(
        {
            "version": 1,
            "name": "photos",
            "task": "image_classification",
            "sources": [{"name": "photos", "kind": "image_folder", "uri": str(folder)}],
            "transform": {"size": list(_SIZE), "channels": 3},
            "model": {"kind": "cnn"},
        }
    )
    sources = [source.model_dump(mode="json") for source in spec.sources]
    return lambda _, output: Stages(output).dataset(spec, sources)


def _loop(folder: Path, output: Path, *, checked: bool) -> None:
    paths = sorted(folder.glob("*/*.jpg"))
    images = np.empty((len(paths), *_SIZE, 3), np.uint8)

    def one(number: int) -> bytes:
        with Image.open(paths[number]) as photo:
            upright = ImageOps.exif_transpose(photo).convert("RGB")
        images[number] = upright.resize(_SIZE[::-1], Image.Resampling.BILINEAR)
        return _check(upright) if checked else str(number).encode()

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        digests = list(pool.map(one, range(len(paths))))
    _, first = np.unique(np.array(digests), return_index=True)
    order = np.random.default_rng(7).permutation(first)
    labels = np.array([path.parent.name for path in paths])
    for side, rows in zip(("train", "test"), np.split(order, [len(order) * 8 // 10]), strict=True):
        np.savez(output / f"{side}.npz", images=images[rows], labels=labels[rows])


def _check(photo: Image.Image) -> bytes:
    """Return the digest of a photo's pixels; refuse a blank one; hash it for near duplicates."""
    pixels = np.asarray(photo)
    if pixels.min() == pixels.max():
        raise SystemExit("a photo is blank")
    imagehash.phash(photo)
    return blake2b(pixels, digest_size=16).digest()


if __name__ == "__main__":
    main()
