"""Single flight: of the jobs that want one key at once on this host, one computes it.

The lock is the operating system's lock on a file, so a killed process releases it. Hosts that share
a store but not a home do not see each other's locks; then both compute and the store keeps the
first manifest, which the commit protocol allows.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millrace.errors import TransientError

_POLL = 0.1  # seconds
log = logging.getLogger(__name__)


@contextmanager
def key_lock(folder: Path, key: str, timeout: float = 24 * 3600) -> Iterator[None]:
    """Hold the lock of `key`.

    Args:
        folder: where the lock files are.
        key: of the job.
        timeout: seconds to wait at most; then `TransientError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{key}.lock").open("w") as file:
        if not _try(file.fileno()):
            log.info("Another job is making the same artifact; waiting for it")
            _wait(file.fileno(), key, time.monotonic() + timeout)
        yield


def _wait(descriptor: int, key: str, deadline: float) -> None:
    while not _try(descriptor):
        if time.monotonic() > deadline:
            raise TransientError("another job holds the lock for too long", where=key)
        time.sleep(_POLL)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
