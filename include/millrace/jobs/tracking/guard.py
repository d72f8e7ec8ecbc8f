"""`unharmed`: speak with MLflow, if one is set, so that whatever happens the caller goes on.

One request may take a few seconds, all together `PATIENCE`; nothing is retried. What failed becomes
one warning with a remedy. MLflow's own telemetry is switched off.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from millrace.errors import shorten
from millrace.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

PATIENCE = 10.0  # seconds for all requests of one step, uploads included
_MANNERS = {  # MLflow's own variables; whoever has set them has a reason
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",  # seconds; MLflow's default is 120
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # MLflow's default of 7 waits for minutes
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_REMEDY = "The run goes on. Clear the task `promote` to log it again once MLflow answers."
log = logging.getLogger(__name__)


class OutOfTime(Exception):  # noqa: N818
    """The time for MLflow is over; whoever works in the background stops."""


class Clock:
    """Says whether there is time left.

    Args:
        seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Raise `OutOfTime` where the time is over."""
        if time.monotonic() > self._end:
            raise OutOfTime


def unharmed(settings: Settings, what: str, work: Callable[[MlflowClient, Clock], None]) -> bool:
    """Do `work` with a client of the tracking server; return whether it was done.

    Args:
        settings: without a tracking URI nothing happens and nothing is imported.
        what: is logged, for the warning.
        work: calls the clock between requests.
    """
    if not settings.tracking:
        return False
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except Exception as error:  # absent, or broken
        reason = shorten(f"{type(error).__name__}: {error}")
        log.warning("%s was not logged to MLflow: %s. pip install millrace[mlflow]", what, reason)
        return False
    problem = _in_time(lambda clock: work(MlflowClient(tracking_uri=settings.tracking), clock))
    if problem is not None:
        where = shorten(settings.tracking)
        log.warning("%s was not logged to MLflow at %s: %s. %s", what, where, problem, _REMEDY)
    return problem is None


def _in_time(work: Callable[[Clock], None]) -> str | None:
    """Do `work` in a thread, as long as there is patience; return what went wrong, or None."""
    problems: list[str] = []
    clock = Clock(PATIENCE)

    def body() -> None:
        try:
            work(clock)
        except OutOfTime:
            problems.append(_too_long())
        except Exception as error:
            problems.append(shorten(f"{type(error).__name__}: {error}"))

    thread = threading.Thread(target=body, name="millrace-mlflow", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        return _too_long()
    return problems[0] if problems else None


def _too_long() -> str:
    return f"no end within {PATIENCE:.0f} s"
