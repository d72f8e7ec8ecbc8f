"""Single flight: of the jobs that want one key at once, one computes it.

On one host the operating system's lock on a file decides, among hosts that share a catalog on a
server that server's lock; both are released when their holder dies. Where they fail, e.g. hosts
that share a store but no catalog, two compute and the store keeps the first manifest, which the
commit protocol allows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from millrace.errors import TransientError
from millrace.lock_files import take

if TYPE_CHECKING:
    from millrace.catalog.job_locks import JobLocks

_POLLS = (0.1, 2.0)  # seconds between the first looks at a lock, and between later ones
_PATIENCE = 300.0  # seconds for which a waiting job bears a database that is away

Lock = AbstractContextManager[object]
log = logging.getLogger(__name__)


@contextmanager
def key_lock(
    folder: Path, key: str, shared: JobLocks | None = None, timeout: float = 24 * 3600
) -> Iterator[None]:
    """Hold the lock of `key`; wait for whoever holds it.

    Args:
        folder: where the lock files of this host are.
        key: of the job.
        shared: the catalog's locks, which other hosts see.
        timeout: seconds to wait at most for each; then `TransientError`.
    """
    with ExitStack() as held:
        for take_one in _locks(folder, key, shared):
            lock = take_one()
            if lock is None:
                log.info("Another job is making the same artifact; waiting for it")
                lock = _wait(take_one, key, timeout)
            held.enter_context(lock)
        yield


@contextmanager
def key_lock_if_free(folder: Path, key: str, shared: JobLocks | None = None) -> Iterator[bool]:
    """Give whether nobody held the lock of `key`; if so, hold it in the block. Never wait.

    Whoever removes what a dead job left does so in the block: a job that begins waits meanwhile.

    Args:
        folder, key, shared: as for `key_lock`.

    Raises:
        TransientError: the database of the shared locks cannot be reached.
    """
    with ExitStack() as held:
        for take_one in _locks(folder, key, shared):
            lock = take_one()
            if lock is None:
                yield False
                return
            held.enter_context(lock)
        yield True


def _locks(folder: Path, key: str, shared: JobLocks | None) -> list[Callable[[], Lock | None]]:
    """Return what takes the locks of a key, each None while another holds it, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.lock"
    locks: list[Callable[[], Lock | None]] = [lambda: take(path)]
    if shared is not None:
        locks.append(lambda: shared.take(key))
    return locks


def _wait(take_one: Callable[[], Lock | None], key: str, timeout: float) -> Lock:
    pause, longest = _POLLS
    now = answered = time.monotonic()
    deadline = now + timeout
    while now < deadline:
        time.sleep(pause)
        pause = min(pause * 1.2, longest)
        now = time.monotonic()
        try:
            lock = take_one()
        except TransientError:
            if now - answered > _PATIENCE:
                raise
            continue
        if lock is not None:
            return lock
        answered = now
    raise TransientError("another job holds the lock for too long", where=key)
