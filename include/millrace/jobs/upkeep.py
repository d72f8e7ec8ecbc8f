"""`tidy_daily`: a worker's own jobs look after its disk, since garbage is collected on one host.

What goes is what `millrace gc` removes of a home: old locks, scratch, caches; nothing in use.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from millrace.errors import SpecError
from millrace.jobs.retention import Retention
from millrace.lock_files import take
from millrace.wording import size

_DAY = 24 * 3600.0  # seconds
log = logging.getLogger(__name__)


def tidy_daily(home: Path) -> None:
    """Remove the leftovers of a home unless that was done in the last day; never fail.

    Args:
        home: ``MILLRACE_HOME`` of this host, in which a job has just run.
    """
    stamp = home / "locks" / "tidied"
    try:
        if stamp.exists() and time.time() - stamp.stat().st_mtime < _DAY:
            return
        stamp.parent.mkdir(parents=True, exist_ok=True)
        lock = take(stamp)
        if lock is None:
            return
        from millrace.jobs.collection_home import leftovers, remove_leftovers  # of stages, too

        with lock:
            os.utime(stamp)
            freed = remove_leftovers(leftovers(home, Retention.load()))
    except (OSError, SpecError) as error:
        log.warning("What lies unused on this host could not be removed: %s", error)
        return
    if freed:
        log.info("Removed %s that lay unused on this host", size(freed))
