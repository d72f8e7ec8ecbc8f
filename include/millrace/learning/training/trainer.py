"""`Trainer`: the loop over epochs: fit, validate, keep the best, checkpoint, report.

SIGTERM reaches it as `SystemExit` between two calls of the step: it checkpoints and lets it pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from millrace.errors import DataError
from millrace.learning.training.checkpoint import Arrays, Progress
from millrace.learning.training.engine import Average, Step
from millrace.learning.training.feed import Feed, batch_ends
from millrace.learning.training.pace import Pace
from millrace.learning.training.validation import Validation
from millrace.workflow.learning import Training
from millrace.workflow.stage import Hold, StageContext

_CALL_SECONDS = 0.5
"""Batches are fitted in calls of about this long, so that a signal is answered between two."""

_SAVE_SECONDS = 300.0
"""A checkpoint is written after this long within an epoch: all that SIGKILL may cost."""


@dataclass
class Trainer:
    """Fits a network and leaves the weights to keep in its float32 twin.

    Attributes:
        spec: of the training. feed: training records. step: fits `network`.
        validation: scores the classifier that holds `twin`.
        network: that trains. twin: the float32 network of the same build that is kept.
        optimizer: of `step`. average: of the network's weights, or None.
        random: Keras variables with the states of random layers; set anew each epoch.
        score: name of the figure beside the loss. counts: it is the share of records that are
            right, known of training too.
        memory: returns the peak of GPU memory, bytes; None where no GPU trains.
        progress: how far the training is.
    """

    spec: Training
    feed: Feed
    step: Step
    validation: Validation
    network: Any
    twin: Any
    optimizer: Any
    average: Average | None
    random: list[Any]
    score: str = "accuracy"
    counts: bool = True
    memory: Callable[[], int | None] = lambda: None
    progress: Progress = field(default_factory=Progress)
    _batches_a_call: int = 1

    def fit(self, context: StageContext) -> Progress:
        """Train to the end, from the last checkpoint where there is one.

        Args:
            context: its `checkpoints`, `scratch`, `report` and `hold` are used.

        Raises:
            DataError: the loss is not a finite number.
            SystemExit: the process was told to end; what was done is in the checkpoint.
        """
        self._take_up(context)
        pace = Pace(self.spec.epochs, self._done)
        try:
            while self.progress.epoch < self.spec.epochs and not self.progress.stopped:
                self._epoch(context, pace)
        except SystemExit:
            self._save(context, pace)
            raise
        self.twin.set_weights(self.progress.best or self._weights_to_keep())
        return self.progress

    def calls(self, number: int, hold: Hold = nullcontext) -> Iterator[int]:
        """Fit the rest of epoch `number`; yield the records done of it after each call of the step.

        The state is consistent outside the blocks that `hold` protects.
        """
        ends = batch_ends(self.feed.rows, self.spec.batch_size)
        progress, start = self.progress, self._start
        reader = self.feed.epoch(number, start)
        while progress.batches < len(ends):
            began = time.perf_counter()
            some = ends[progress.batches : progress.batches + self._batches_a_call]
            inputs, classes = reader.take(int(some[-1]) - start)
            with hold():
                values, right = self.step(inputs, classes, (some - start).astype(np.int32))
                self._check(values, number, progress.batches, len(ends))
                progress.add(values, right)
            start = int(some[-1])
            self._pace((time.perf_counter() - began) / len(some))
            yield start

    def _take_up(self, context: StageContext) -> None:
        """Go on from the stored state, or begin, and say so."""
        found = Progress.load(context.checkpoints, context.scratch)
        event: dict[str, Any] = {"epoch": 0, "epochs": self.spec.epochs}
        if found is not None:
            self.progress = found
            self._restore(found)
            event |= {"epoch": found.epoch, "resumed_from": found.epoch}
        context.report({**event, **self._within_epoch()})

    def _epoch(self, context: StageContext, pace: Pace) -> None:
        """Run the rest of one epoch and write it into the progress."""
        started = time.perf_counter()
        number = self.progress.epoch + 1
        if not self.progress.batches:
            self._draw_anew(number)
        rate = self._fit_epoch(number, context, pace)
        self.twin.set_weights(self._weights_to_keep())
        validation_loss, score = self.validation.score()
        right = {self.score: self.progress.correct / self.feed.rows} if self.counts else {}
        facts = {
            "epoch": number,
            "loss": self.progress.mean_loss,
            **right,
            "validation_loss": validation_loss,
            f"validation_{self.score}": score,
        }
        with context.hold():
            self.progress.close(facts)
            self._judge(validation_loss)
        self._save(context, pace)
        seconds = round(time.perf_counter() - started, 3)
        self._tell(context, pace, {**facts, "rate": rate, "seconds": seconds})

    def _fit_epoch(self, number: int, context: StageContext, pace: Pace) -> float:
        """Fit on the rest of an epoch; return the records per second."""
        before = self._start
        began = saved = time.perf_counter()
        rate = 0.0
        for done in self.calls(number, context.hold):
            now = time.perf_counter()
            rate = round((done - before) / (now - began), 1)
            if now - saved > _SAVE_SECONDS:
                self._save(context, pace)
                saved = time.perf_counter()
            if pace.due():
                facts = {"during_epoch": number, **self._within_epoch(), "rate": rate}
                self._tell(context, pace, {**facts, "loss": self.progress.mean_loss})
        return rate

    def _tell(self, context: StageContext, pace: Pace, facts: dict[str, Any]) -> None:
        """Report figures with the time left, seconds, and the peak of GPU memory, bytes."""
        more = {"eta": pace.eta(self._done), "gpu_memory_bytes": self.memory()}
        known = {name: value for name, value in more.items() if value is not None}
        context.report({"epochs": self.spec.epochs, **facts, **known})

    @property
    def _done(self) -> float:
        """Epochs done, with a fraction."""
        return self.progress.epoch + self.progress.batches / self._steps

    @property
    def _start(self) -> int:
        """Records done of the epoch under way."""
        ends = batch_ends(self.feed.rows, self.spec.batch_size)
        return int(ends[self.progress.batches - 1]) if self.progress.batches else 0

    @property
    def _steps(self) -> int:
        return -(-self.feed.rows // self.spec.batch_size)

    def _within_epoch(self) -> dict[str, int]:
        """Return how far the epoch under way is; nothing between two epochs."""
        batches = self.progress.batches
        return {"batch": batches, "batches": self._steps} if batches else {}

    def _draw_anew(self, number: int) -> None:
        """Set the states of random layers to those of an epoch's start."""
        for index, state in enumerate(self.random):
            state.assign(np.array([self.spec.seed + 7919 * index, number], np.uint32))

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

    def _judge(self, validation_loss: float) -> None:
        """Keep the weights of the best epoch; stop after too many that were not better."""
        progress = self.progress
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

    def _save(self, context: StageContext, pace: Pace) -> None:
        """Store a checkpoint of all that decides what follows."""
        progress = self.progress
        progress.seconds += pace.lap()
        progress.weights = [weight.numpy() for weight in self.network.weights]
        progress.optimizer = [variable.numpy() for variable in self.optimizer.variables]
        progress.average = [] if self.average is None else self._weights_to_keep()
        progress.random = [state.numpy() for state in self.random]
        progress.save(context.checkpoints, context.scratch)

    def _restore(self, progress: Progress) -> None:
        _assign(self.network.weights, progress.weights)
        _assign(self.optimizer.variables, progress.optimizer)
        _assign([] if self.average is None else self.average.variables, progress.average)
        _assign(self.random, progress.random)


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
