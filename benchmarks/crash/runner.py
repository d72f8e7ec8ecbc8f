"""`Runner`: one run of the workflow at a time, undisturbed or struck, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import psutil
from sqlalchemy import create_engine, inspect, text

from crash.observation import Outcome, Seen
from crash.plan import Strike
from crash.stack import Stack
from crash.victims import VICTIMS
from crash.workflow import NAME
from millrace.catalog.records import RunRecord
from millrace.errors import MillraceError

_POLL = 0.2
_SPAN = 0.9  # of a victim's window, so that a run that is quicker this time is struck, too
_LEAVE_SECONDS = 15.0
_ENDED = ("success", "failed")
_ROWS = (
    "select record_id, content, label, predicted, probability, probabilities, model_digest, "
    "model_version from predictions"
)


@dataclass
class Runner:
    """Runs the workflow in a stack.

    Attributes:
        stack: that it runs in. patience: seconds after which a run counts as stuck.
        run, training: seconds that an undisturbed one takes.
    """

    stack: Stack
    patience: float = 420.0
    run: float = 0.0
    training: float = 0.0

    def undisturbed(self) -> Outcome:
        """Run without a disturbance and take the time."""
        outcome, _ = self.struck("undisturbed", ())
        seen = self.stack.watcher.seen
        self.run = outcome.seconds
        self.training = (seen.ended or 0.0) - (seen.began or 0.0)
        return outcome

    def struck(self, run_id: str, strikes: Sequence[Strike]) -> tuple[Outcome, list[Strike]]:
        """Run with these strikes; return how it ended and the strikes that hit something."""
        self.stack.empty()
        self.stack.watcher.begin()
        began = time.monotonic()
        self.stack.client.trigger(NAME, {}, run_id)
        hits = [strike for strike in strikes if self._strike(strike, run_id, began)]
        state = self._wait(run_id, began)
        seconds = time.monotonic() - began
        reaped, left = self._left()
        seen = self.stack.watcher.end()
        return self._outcome(run_id, state, seconds, reaped, left, seen), hits

    def recover(self, run_id: str) -> None:
        """Make the stack fit for the next run after one that went wrong."""
        with suppress(MillraceError):
            self.stack.client._call("PATCH", f"/dags/{NAME}/dagRuns/{run_id}", {"state": "failed"})
        self.stack.revive()
        self.stack.quiet()
        for process in self.stack.watcher.jobs():
            with suppress(psutil.NoSuchProcess):
                psutil.Process(process).kill()
        for container, _ in self.stack.watcher.containers(everything=True):
            if self.stack.daemon is not None:
                self.stack.daemon.remove(container)

    def _strike(self, strike: Strike, run_id: str, began: float) -> bool:
        """Wait for the strike's moment and do it; False where the run ended before."""
        victim = VICTIMS[strike.victim]
        if victim.window == "run":
            time.sleep(max(0.0, began + strike.moment * _SPAN * self.run - time.monotonic()))
        if not self._until_there(strike, run_id, began):
            return False
        if victim.window == "training":
            time.sleep(strike.moment * _SPAN * self.training)
        ended = self._state(run_id) in _ENDED
        return not ended and victim.strike(self.stack, Random(strike.seed))

    def _until_there(self, strike: Strike, run_id: str, began: float) -> bool:
        while not VICTIMS[strike.victim].there(self.stack):
            if self._state(run_id) in _ENDED or time.monotonic() - began > self.patience:
                return False
            time.sleep(_POLL)
        return True

    def _wait(self, run_id: str, began: float) -> str:
        while (state := self._state(run_id)) not in _ENDED:
            if time.monotonic() - began > self.patience:
                return f"{state} after {self.patience:.0f} s"
            time.sleep(_POLL)
        return state

    def _state(self, run_id: str) -> str:
        try:
            return str(self.stack.client.run(NAME, run_id)["state"])
        except MillraceError as error:
            return f"unknown ({error.problem})"

    def _left(self) -> tuple[int, tuple[str, ...]]:
        """Return how many ended containers the reaper took, and what is left all the same.

        What runs has to end by itself; what has ended is the reaper's.
        """
        end = time.monotonic() + _LEAVE_SECONDS
        while (left := self._there(everything=False)) and time.monotonic() < end:
            time.sleep(_POLL)
        return (0, left) if left else (self.stack.reap(), self._there(everything=True))

    def _there(self, *, everything: bool) -> tuple[str, ...]:
        containers = self.stack.watcher.containers(everything=everything)
        jobs = (f"process {process}" for process in self.stack.watcher.jobs())
        return (*jobs, *(f"container {name[:12]}" for name, _ in containers))

    def _outcome(
        self,
        run_id: str,
        state: str,
        seconds: float,
        reaped: int,
        left: tuple[str, ...],
        seen: Seen,
    ) -> Outcome:
        with self.stack.catalog as catalog:
            record = catalog.runs.find(NAME, run_id)
            outputs = {} if record is None else _outputs(catalog, record)
            return Outcome(
                state=state,
                recorded="nothing" if record is None else record.state,
                outputs=outputs,
                rows=_rows(self.stack.settings.predictions),
                versions=len(catalog.models.versions(NAME)),
                promotions=len(catalog.models.promotions(NAME)),
                batches=len(catalog.batches.latest(NAME)),
                left=left,
                reaped=reaped,
                epochs=tuple(sorted(seen.epochs)),
                alive=seen.alive,
                seconds=seconds,
            )


def _outputs(catalog: Any, record: RunRecord) -> dict[str, str]:
    """Return the digests of what a run made last, by stage and partition."""
    return {
        " of ".join(filter(None, (made.stage, made.partition))): made.output.digest
        for made in catalog.executions.of_run(record.id)
        if made.state in {"done", "cached"} and made.output is not None
    }


def _rows(url: str) -> tuple[tuple[object, ...], ...]:
    """Return the delivered predictions; none where there is no table yet."""
    engine = create_engine(url)
    try:
        if not inspect(engine).has_table("predictions"):
            return ()
        with engine.connect() as connection:
            return tuple(tuple(row) for row in connection.execute(text(_ROWS)))
    finally:
        engine.dispose()
