"""How Millrace's errors become Airflow's: terminal ones fail at once, transient ones retry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from millrace.errors import MillraceError, TransientError

RETRY: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}
"""Arguments of every task; only errors that a retry may help get as far as a retry."""


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Translate the errors of a task's body."""
    try:
        yield
    except TransientError as error:
        raise AirflowException(str(error)) from error
    except MillraceError as error:
        raise AirflowFailException(str(error)) from error
