"""`Follower`: passes on what a container prints, from where an earlier follower stopped."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime
from threading import Event, Thread

from millrace.errors import MillraceError
from millrace.jobs.runtimes.docker.daemon import Daemon
from millrace.jobs.runtimes.launch import TAIL

_PAUSE = 1.0  # seconds before a stream that was cut is opened again
log = logging.getLogger(__name__)


class Follower:
    """Follows the log of one container in a thread of its own.

    Args:
        daemon: of the container. container: its id.
        since: time of the last line that was passed on already, as the daemon writes it.

    Attributes:
        last: the same, of the last line by now.
        tail: the last lines.
        ended: set when the stream ended, most likely because the container did.
    """

    def __init__(self, daemon: Daemon, container: str, since: str = "") -> None:
        self.last = since
        self.tail: deque[str] = deque(maxlen=TAIL)
        self.ended = Event()
        self._daemon = daemon
        self._container = container
        self._over = Event()
        self._thread = Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Pass on what is left and end; the container has ended, or nobody cares any more."""
        self._over.set()
        self._thread.join(seconds)

    def _follow(self) -> None:
        while True:
            over = self._over.is_set()
            try:
                for line in self._daemon.lines(self._container, _seconds(self.last)):
                    self._take(line)
            except MillraceError as error:
                log.debug("The log was cut: %s", error)
            self.ended.set()
            if over or self._over.wait(_PAUSE):
                return

    def _take(self, line: bytes) -> None:
        """Log a line unless it was logged before: the daemon counts in coarser steps."""
        at, _, text = line.decode("utf-8", "replace").rstrip().partition(" ")
        if at <= self.last:
            return
        self.last = at
        self.tail.append(text)
        log.info("%s", text)


def _seconds(at: str) -> float | None:
    """Return seconds of the epoch, a little early; None for no time."""
    if not at:
        return None
    return datetime.fromisoformat(at[:26].rstrip("Z") + "+00:00").timestamp() - 0.001
