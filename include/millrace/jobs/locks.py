"""Single flight: of the jobs that want one key at once on this host, one computes it.

The lock is the operating system's lock on a file, so a killed process releases it. Hosts that share
a store but not a home do not see each other's locks; then both compute and the store keeps the
first manifest, which the commit protocol allows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path

from millrace.errors import TransientError
from millrace.lock_files import take

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
    path = folder / f"{key}.lock"
    file = take(path)
    if file is None:
        log.info("Another job is making the same artifact; waiting for it")
        file = _wait(path, time.monotonic() + timeout)
    with file:
        yield


def _wait(path: Path, deadline: float) -> TextIOWrapper:
    while True:
        file = take(path)
        if file is not None:
            return file
        if time.monotonic() > deadline:
            raise TransientError("another job holds the lock for too long", where=path.stem)
        time.sleep(_POLL)
