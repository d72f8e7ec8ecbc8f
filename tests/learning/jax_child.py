"""A process that trains on JAX, unbroken and interrupted: ``jax_child.py FOLDER STORE KEY NAME``.

NAME is a precision. It prints both histories as a JSON document.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from folder_checkpoints import FolderCheckpoints

from millrace.artifacts.store import Store
from millrace.learning.dataset import DatasetSplit
from millrace.learning.framework import BACKEND, make_deterministic
from millrace.learning.networks.architecture import Architecture
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.learnt import LearntPictures
from millrace.learning.pictures.normalisation import Normalisation
from millrace.learning.training.build import Task, build_trainer
from millrace.workflow.images import ImageAugmentation
from millrace.workflow.learning import CnnModel, Training
from millrace.workflow.stage import StageContext


def fit(task: Task, folder: Path, hold: Any = nullcontext) -> list[Any]:
    """Train from the folder's checkpoint on and return the history."""
    make_deterministic(7)
    scratch = folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    trainer, _ = build_trainer(task)
    checkpoints = FolderCheckpoints(folder)
    context = StageContext({}, {}, {}, folder, scratch, checkpoints, lambda event: None, hold)
    return trainer.fit(context).history


@contextmanager
def interrupted(left: list[int]) -> Iterator[None]:
    """End the process, so to say, after some calls of the step."""
    yield
    left[0] -= 1
    if not left[0]:
        sys.exit(143)


def main() -> None:
    folder, store, key, precision = Path(sys.argv[1]), *sys.argv[2:]
    dataset = Store(store).find(key)
    encoder = PixelEncoder(dataset.facts["records"]["shape"])
    sides = [DatasetSplit.of(dataset, name, encoder) for name in ("train", "validation")]
    model = CnnModel(kind="cnn", width=8, stages=2, dropout=0.2, mirror_average=False)
    train = {"epochs": 3, "batch_size": 32, "learning_rate": 0.01, "average_weights": 0.9}
    augment = ImageAugmentation(shift=0.05, rotate=5, noise=0.02, contrast=0.1, cutout=0.1)
    task = Task(
        architecture=Architecture(model, sides[0].shape, 3),
        train=Training(**train, weight_decay=0.01, precision=precision),
        training=sides[0],
        validation=sides[1],
        learnt=LearntPictures(encoder, Normalisation((0.2,), (0.3,)), augment),
    )
    unbroken = fit(task, folder / "unbroken")
    left = [5]
    with suppress(SystemExit):
        fit(task, folder / "broken", lambda: interrupted(left))
    said = {"backend": BACKEND, "tensorflow": "tensorflow" in sys.modules, "unbroken": unbroken}
    sys.stdout.write(json.dumps({**said, "resumed": fit(task, folder / "broken")}))


if __name__ == "__main__":
    main()
