"""Training throughput against a bare Keras `fit` of the same network on arrays in memory.

Usage: ``python benchmarks/training_throughput.py [--rounds 5] [--rows 12800]``

Both sides train the same architecture with the same optimizer on the same pictures, in one process,
one epoch each in turn, after one epoch to warm up. The figures are medians over the rounds, in
records per second of the wall clock and of the processor; the ratio is ours to Keras'.
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

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "include"))

from millrace.artifacts.tables import image_field, images_to_column, write_table
from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import make_deterministic
from millrace.learning.networks.architecture import Architecture
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.learnt import LearntPictures
from millrace.learning.pictures.normalisation import Normalisation
from millrace.learning.training.build import Task, build_trainer
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import CnnModel, MlpModel, Training

_LABELS = tuple("0123456789")
_SHAPE = (28, 28, 1)
_NETWORKS = {
    "mlp": MlpModel(kind="mlp"),
    "cnn": CnnModel(kind="cnn"),
    "cnn, residual": CnnModel(kind="cnn", residual=True, stages=2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each side (default 5)")
    parser.add_argument("--rows", type=int, default=12_800, help="records (default 12,800)")
    arguments = parser.parse_args()
    make_deterministic(7)
    with tempfile.TemporaryDirectory() as folder:
        split = _split(Path(folder), arguments.rows)
        print(f"{'network':<14} {'side':<9} {'records/s':>10} {'per cpu-s':>10}")
        for name, model in _NETWORKS.items():
            _compare(name, model, split, arguments.rounds)


def _compare(name: str, model: Any, split: DatasetSplit, rounds: int) -> None:
    task = Task(
        architecture=Architecture(model, _SHAPE, len(_LABELS)),
        train=Training(epochs=rounds + 1, learning_rate=0.001),
        training=split,
        validation=split,
        learnt=LearntPictures(
            PixelEncoder(_SHAPE), Normalisation((0.5,), (0.3,)), ImageAugmentation()
        ),
    )
    sides = {"millrace": _ours(task), "keras fit": _keras(task)}
    speeds: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for epoch in sides.values():
        epoch(1)
    for number in range(2, rounds + 2):
        for side, epoch in sides.items():
            wall, cpu = time.perf_counter(), time.process_time()
            epoch(number)
            seconds = time.perf_counter() - wall, time.process_time() - cpu
            speeds[side].append((split.rows / seconds[0], split.rows / seconds[1]))
    medians = {
        side: [statistics.median(x) for x in zip(*speeds[side], strict=True)] for side in sides
    }
    for side, (wall, cpu) in medians.items():
        print(f"{name:<14} {side:<9} {wall:>10,.0f} {cpu:>10,.0f}")
    ours, theirs = medians.values()
    print(f"{name:<14} {'ratio':<9} {ours[0] / theirs[0]:>10.2f} {ours[1] / theirs[1]:>10.2f}")


def _ours(task: Task) -> Callable[[int], Any]:
    trainer, _ = build_trainer(task)

    def epoch(number: int) -> None:
        trainer.progress.begin()
        deque(trainer.calls(number), maxlen=0)

    return epoch


def _keras(task: Task) -> Callable[[int], Any]:
    classifier = task.learnt.classifier(task.architecture.network(7), task.architecture.model)
    classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, classes = task.training.load()
    return lambda _: classifier.fit(images, classes, batch_size=128, verbose=0)


def _split(folder: Path, rows: int) -> DatasetSplit:
    random = np.random.default_rng(7)
    images = random.integers(0, 256, (rows, *_SHAPE), dtype=np.uint8)
    labels = pa.array([_LABELS[index] for index in random.integers(0, 10, rows)])
    schema = pa.schema([("label", pa.string()), image_field("image", _SHAPE)])
    path = folder / "train.parquet"
    write_table(path, schema, [pa.table([labels, images_to_column(images)], schema=schema)])
    return DatasetSplit("train", path, _LABELS, PixelEncoder(_SHAPE))


if __name__ == "__main__":
    main()
