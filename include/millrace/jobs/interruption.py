"""`Interruption`: SIGTERM as an orderly and certain end of a job's process.

The stage is left by `SystemExit`, so that it may checkpoint and temporary files are removed; where
that takes too long, or the main thread is inside a native call, the process ends all the same.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

GRACE = 3.5
"""Seconds from SIGTERM to the end of the process: Airflow kills a task after 5, and what follows a
job's process learns of its end a moment later."""

CODE = 128 + signal.SIGTERM
"""The exit code of a process that SIGTERM ended."""


class Interruption:
    """Turns SIGTERM into ``SystemExit(143)`` in the main thread, at once or after a held block.

    Args:
        grace: seconds from the signal until the process is ended without further work.
    """

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._asked = False
        self._held = False

    def __enter__(self) -> Interruption:
        """Answer SIGTERM from now on; for the main thread, once a process."""
        signalled, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.signal(signal.SIGTERM, self._ask)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        threading.Thread(target=self._end, args=(signalled,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Leave without the interpreter's own end: with TensorFlow that takes seconds."""
        if self._asked and kind is SystemExit:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(CODE)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Put the exit off to the end of the block, which should take less than a second."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._asked:  # in the block, or before it where a destructor swallowed the exit
            sys.exit(CODE)

    def _ask(self, number: int, _: object) -> None:
        first, self._asked = not self._asked, True
        if first and not self._held:
            sys.exit(128 + number)

    def _end(self, signalled: int) -> None:
        """End the process some time after SIGTERM, whatever the main thread does."""
        while signal.SIGTERM not in os.read(signalled, 64):
            continue
        time.sleep(self._grace)
        os._exit(CODE)
