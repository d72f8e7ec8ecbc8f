"""A process that trains over two logical processors: ``devices_child.py FOLDER PARAMS CALLS``.

It is told to end after so many calls of the step (0 for never), and prints history and weights.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from folder_checkpoints import FolderCheckpoints

from millrace.artifacts.store import Store
from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import make_deterministic, tf
from millrace.learning.networks.architecture import Architecture
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.learnt import LearntPictures
from millrace.learning.pictures.normalisation import Normalisation
from millrace.learning.training.build import Task, build_trainer
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import MlpModel, Training
from millrace.workflow.stage import StageContext


def task(sides: list[DatasetSplit], train: dict[str, object], devices: tuple[str, ...]) -> Task:
    """Return what both sides of the comparison learn: nothing random, no batch normalisation."""
    return Task(
        architecture=Architecture(MlpModel(kind="mlp", dropout=0), sides[0].shape, 3),
        train=Training(**train),
        training=sides[0],
        validation=sides[1],
        learnt=LearntPictures(
            PixelEncoder(sides[0].shape), Normalisation((0.2,), (0.3,)), ImageAugmentation()
        ),
        devices=devices,
    )


def main() -> None:
    folder, params, calls = Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
    processor = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, two)
    make_deterministic(7)
    dataset = Store(params["store"]).find(params["key"])
    encoder = PixelEncoder(dataset.facts["records"]["shape"])
    sides = [DatasetSplit.of(dataset, name, encoder) for name in ("train", "validation")]
    trainer, _ = build_trainer(task(sides, params["train"], ("CPU:0", "CPU:1")))
    left = iter(range(calls - 1, -1, -1))

    @contextmanager
    def hold() -> Iterator[None]:
        yield
        if next(left, None) == 0:
            sys.exit(143)

    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    said: list[object] = []
    context = StageContext(
        {}, {}, {}, folder, scratch, FolderCheckpoints(folder), said.append, hold
    )
    progress = trainer.fit(context)
    weights = [weight.tolist() for weight in trainer.twin.get_weights()]
    sys.stdout.write(json.dumps({"weights": weights, "history": progress.history, "said": said}))


if __name__ == "__main__":
    main()
