"""`watched`: a job's progress is passed on while its launcher waits for something else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LAST = 5.0  # seconds that the end waits for a look that hangs


@contextmanager
def watched(look: Callable[[], None], interval: float) -> Iterator[None]:
    """Call `look` every `interval` seconds in a thread, and once more at the end."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(interval):
            look()

    thread = threading.Thread(target=watch, name="millrace-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_LAST)
        look()
