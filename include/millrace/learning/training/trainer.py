"""`Trainer`: the loop over epochs: fit, validate, keep the best, checkpoint, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from millrace.errors import DataError
from millrace.learning.training.average import WeightAverage
from millrace.learning.training.checkpoint import Arrays, Progress
from millrace.learning.training.feed import Feed, batch_ends
from millrace.learning.training.step import TrainingStep
from millrace.learning.training.validation import Validation
from millrace.workflow.learning import Training
from millrace.workflow.stage import Checkpoints

_CALL_SECONDS = 0.5
"""Batches are fitted in calls of about this long, so that a signal is answered between two."""


@dataclass
class Trainer:
    """Fits a network and leaves the weights to keep in its float32 twin.

    Attributes:
        spec: of the training. feed: training records. step: fits `network`.
        validation: scores the classifier that holds `twin`.
        network: that trains. twin: the float32 network of the same build that is kept.
        optimizer: of `step`. average: of the network's weights, or None.
        random: Keras variables with the states of random layers; set anew each epoch.
    """

    spec: Training
    feed: Feed
    step: TrainingStep
    validation: Validation
    network: Any
    twin: Any
    optimizer: Any
    average: WeightAverage | None
    random: list[Any]
    _batches_a_call: int = 1

    def fit(
        self,
        checkpoints: Checkpoints,
        scratch: Path,
        report: Callable[[Mapping[str, Any]], None],
    ) -> Progress:
        """Train to the end, from the last checkpoint where there is one.

        Raises:
            DataError: the loss is not a finite number.
        """
        epochs = self.spec.epochs
        progress = Progress.load(checkpoints, scratch)
        if progress is None:
            progress = Progress()
            report({"epoch": 0, "epochs": epochs})
        else:
            self._restore(progress)
            report({"epoch": progress.epoch, "epochs": epochs, "resumed_from": progress.epoch})
        while progress.epoch < epochs and not progress.stopped:
            speed = self._epoch(progress)
            progress.save(checkpoints, scratch)
            report({"epochs": epochs, **progress.history[-1], **speed})
        self.twin.set_weights(progress.best or self._weights_to_keep())
        return progress

    def _epoch(self, progress: Progress) -> dict[str, float]:
        """Run one epoch, write it into `progress`, return its speed."""
        started = time.perf_counter()
        progress.epoch += 1
        for index, state in enumerate(self.random):
            state.assign(np.array([self.spec.seed + 7919 * index, progress.epoch], np.uint32))
        loss, accuracy = self._fit_epoch(progress.epoch)
        trained = time.perf_counter() - started
        self.twin.set_weights(self._weights_to_keep())
        validation_loss, validation_accuracy = self.validation.score()
        progress.history.append(
            {
                "epoch": progress.epoch,
                "loss": loss,
                "accuracy": accuracy,
                "validation_loss": validation_loss,
                "validation_accuracy": validation_accuracy,
            }
        )
        self._judge(progress, validation_loss)
        self._keep_state(progress)
        seconds = time.perf_counter() - started
        progress.seconds += seconds
        return {"rate": round(self.feed.rows / trained, 1), "seconds": round(seconds, 3)}

    def _fit_epoch(self, number: int) -> tuple[float, float]:
        """Return the mean loss of the epoch's batches and the share of records that were right."""
        reader = self.feed.epoch(number)
        ends = batch_ends(self.feed.rows, self.spec.batch_size)
        losses: list[np.ndarray[Any, Any]] = []
        correct, done, start = 0, 0, 0
        while done < len(ends):
            began = time.perf_counter()
            some = ends[done : done + self._batches_a_call]
            images, classes = reader.take(int(some[-1]) - start)
            values, right = self.step(images, classes, (some - start).astype(np.int32))
            self._check(values, number, done, len(ends))
            losses.append(values)
            correct, done, start = correct + right, done + len(some), int(some[-1])
            self._pace((time.perf_counter() - began) / len(some))
        mean = float(np.concatenate(losses).astype(np.float64).mean())
        return mean, correct / self.feed.rows

    def _pace(self, seconds: float) -> None:
        """Choose how many batches the next call takes; of no influence on the result."""
        wanted = int(_CALL_SECONDS / max(seconds, 1e-4))
        self._batches_a_call = max(1, min(wanted, 4 * self._batches_a_call))

    def _check(self, losses: np.ndarray[Any, Any], epoch: int, done: int, steps: int) -> None:
        wrong = np.flatnonzero(~np.isfinite(losses))
        if len(wrong):
            raise DataError(
                "the loss is not a finite number",
                where=f"epoch {epoch}, batch {done + int(wrong[0]) + 1} of {steps}",
                received=float(losses[wrong[0]]),
                remedy=f"Lower train.learning_rate (now {self.spec.learning_rate:g}), or raise "
                "train.warmup.",
            )

    def _judge(self, progress: Progress, validation_loss: float) -> None:
        """Keep the weights of the best epoch; stop after too many that were not better."""
        patience = self.spec.early_stopping
        if not patience:
            progress.best_epoch, progress.best_loss = progress.epoch, validation_loss
        elif validation_loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, validation_loss
            progress.best = self._weights_to_keep()
        elif progress.epoch - progress.best_epoch >= patience:
            progress.stopped = True

    def _weights_to_keep(self) -> Arrays:
        if self.average is not None:
            return [variable.numpy() for variable in self.average.variables]
        return [weight.numpy() for weight in self.network.weights]

    def _keep_state(self, progress: Progress) -> None:
        progress.weights = [weight.numpy() for weight in self.network.weights]
        progress.optimizer = [variable.numpy() for variable in self.optimizer.variables]
        progress.average = [] if self.average is None else self._weights_to_keep()

    def _restore(self, progress: Progress) -> None:
        _assign(self.network.weights, progress.weights)
        _assign(self.optimizer.variables, progress.optimizer)
        _assign([] if self.average is None else self.average.variables, progress.average)


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
