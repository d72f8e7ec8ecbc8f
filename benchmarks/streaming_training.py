"""Training from Parquet, streamed, against training from memory: the same trainer, both feeds.

Usage: ``python benchmarks/streaming_training.py [--rounds 5] [--rows 65536]``

The sides train the same network on the same pictures, one epoch each in turn, after one epoch to
warm up. Figures are medians of records per second; the ratio is streamed to in memory.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

from millrace.learning.framework import make_deterministic
from millrace.learning.networks.architecture import Architecture
from millrace.learning.pictures.learnt import LearntPictures
from millrace.learning.pictures.normalisation import Normalisation
from millrace.learning.training.build import Task, build_trainer
from millrace.learning.training.feed import FITS
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import CnnModel, MlpModel, Training
from samples import LABELS, SHAPE, digits

_NETWORKS = {
    "mlp": MlpModel(kind="mlp"),
    "cnn, as mnist.yaml": CnnModel(kind="cnn", residual=True, width=32, stages=2),
}


def main() -> None:
    """Compare the feeds for every network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each side (default 5)")
    parser.add_argument("--rows", type=int, default=65_536, help="records (default 65,536)")
    arguments = parser.parse_args()
    make_deterministic(7)
    print("| network | in memory, records/s | streamed, records/s | ratio, wall | ratio, CPU |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        split = digits(Path(folder), arguments.rows)
        for name, model in _NETWORKS.items():
            wall, cpu = _compare(model, split, arguments.rounds)
            speeds = [split.rows / seconds for seconds in wall]
            print(
                f"| {name} | {speeds[0]:,.0f} | {speeds[1]:,.0f} | {wall[0] / wall[1]:.2f} "
                f"| {cpu[0] / cpu[1]:.2f} |"
            )


def _compare(model: Any, split: Any, rounds: int) -> tuple[list[float], list[float]]:
    """Return the median wall and processor seconds of an epoch, in memory and streamed."""
    epochs = [_epoch(model, split, rounds, fits) for fits in (FITS, 0)]
    taken: list[list[tuple[float, float]]] = [[], []]
    for number in range(1, rounds + 2):
        for side, epoch in enumerate(epochs):
            wall, cpu = time.perf_counter(), time.process_time()
            epoch(number)
            taken[side].append((time.perf_counter() - wall, time.process_time() - cpu))
    medians = [[statistics.median(x) for x in zip(*side[1:], strict=True)] for side in taken]
    return [side[0] for side in medians], [side[1] for side in medians]


def _epoch(model: Any, split: Any, rounds: int, fits: int) -> Callable[[int], Any]:
    task = Task(
        architecture=Architecture(model, SHAPE, len(LABELS)),
        train=Training(epochs=rounds + 1, learning_rate=0.001),
        training=split,
        validation=split,
        learnt=LearntPictures(split.encoder, Normalisation((0.2,), (0.3,)), ImageAugmentation()),
        fits=fits,
    )
    trainer, _ = build_trainer(task)

    def epoch(number: int) -> None:
        trainer.progress.begin()
        deque(trainer.calls(number), maxlen=0)

    return epoch


if __name__ == "__main__":
    main()
