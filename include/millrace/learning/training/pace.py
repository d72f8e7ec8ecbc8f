"""`Pace`: how fast this process trains, how long the rest will take, and when to say so."""

from __future__ import annotations

import time

_INTERVAL = 5.0  # seconds between two events within an epoch, at least
_CALM = 0.02  # of the time so far: a long training does not flood its progress document


class Pace:
    """Measures a training from when this process took it up.

    Args:
        epochs: of the whole training.
        done: epochs done before, with a fraction.
    """

    def __init__(self, epochs: int, done: float) -> None:
        self._epochs = epochs
        self._taken_up_at = done
        self._began = self._lap = self._told = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last call."""
        before, self._lap = self._lap, time.perf_counter()
        return self._lap - before

    def eta(self, done: float) -> float | None:
        """Return the seconds left after `done` epochs; None before anything was done here."""
        fresh = done - self._taken_up_at
        if fresh <= 0:
            return None
        seconds = time.perf_counter() - self._began
        return round(seconds / fresh * (self._epochs - done), 1)

    def due(self) -> bool:
        """Whether it is time for an event within the epoch; if so, the wait begins anew."""
        now = time.perf_counter()
        if now - self._told < max(_INTERVAL, _CALM * (now - self._began)):
            return False
        self._told = now
        return True
