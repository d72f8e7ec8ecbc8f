"""Training of networks of texts against a bare Keras `fit` on numbers of words in memory.

Usage: ``SMS=<SMSSpamCollection> python benchmarks/text_training.py [--rounds 5] [--rows 11148]``

Both sides train the same network with the same optimizer on the same messages, 64 a step, in one
process, an epoch each in turn, after one epoch to warm up; both with deterministic operations, as
Millrace trains. Figures are medians over the rounds, in records per second of the wall clock and of
the processor; the ratio is ours to Keras'.
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

from common import machine
from text_samples import LABELS, messages

from millrace.learning.framework import make_deterministic
from millrace.learning.networks.architecture import Architecture
from millrace.learning.training.build import Task, build_trainer
from millrace.workflow.learning import Training
from millrace.workflow.text_models import TextCnnModel, TextMlpModel, TextRnnModel

_NETWORKS = {
    "text_cnn": TextCnnModel(kind="text_cnn"),
    "text_mlp": TextMlpModel(kind="text_mlp"),
    "text_rnn": TextRnnModel(kind="text_rnn"),
}
_BATCH = 64
Epoch = Callable[[int], Any]


def main() -> None:
    """Compare the sides for every network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each side (default 5)")
    parser.add_argument("--rows", type=int, default=11_148, help="records (default 11,148)")
    parser.add_argument("--networks", nargs="+", choices=_NETWORKS, default=list(_NETWORKS))
    arguments = parser.parse_args()
    make_deterministic(7)
    print(f"\n### Training on texts ({machine()})\n")
    print("| network | Millrace, records/s | Keras `fit`, records/s | ratio, wall | ratio, CPU |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        split, learnt = messages(Path(folder), arguments.rows)
        for name in arguments.networks:
            task = Task(
                architecture=Architecture(
                    _NETWORKS[name], split.shape, len(LABELS), learnt.options
                ),
                train=Training(epochs=arguments.rounds + 1, batch_size=_BATCH),
                training=split,
                validation=split,
                learnt=learnt,
            )
            ours, theirs = _medians([_ours(task), _keras(task)], arguments.rounds)
            speeds = " | ".join(f"{split.rows / side[0]:,.0f}" for side in (ours, theirs))
            ratios = " | ".join(f"{theirs[i] / ours[i]:.2f}" for i in (0, 1))
            print(f"| {name} | {speeds} | {ratios} |", flush=True)


def _medians(sides: list[Epoch], rounds: int) -> list[tuple[float, ...]]:
    """Return the median wall and processor seconds of an epoch of each side."""
    taken: list[list[tuple[float, float]]] = [[] for _ in sides]
    for number in range(1, rounds + 2):
        for epoch, seconds in zip(sides, taken, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            epoch(number)
            seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [tuple(statistics.median(x) for x in zip(*side[1:], strict=True)) for side in taken]


def _ours(task: Task) -> Epoch:
    trainer, _ = build_trainer(task)

    def epoch(number: int) -> None:
        trainer.progress.begin()
        deque(trainer.calls(number), maxlen=0)

    return epoch


def _keras(task: Task) -> Epoch:
    classifier = task.learnt.classifier(task.architecture.network(7), task.architecture.model)
    classifier.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    ids, classes = task.training.load()
    return lambda _: classifier.fit(ids, classes, batch_size=_BATCH, verbose=0)


if __name__ == "__main__":
    main()
