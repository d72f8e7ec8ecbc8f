"""How a job that failed in another process says why."""

from __future__ import annotations

import json

from millrace.artifacts.store import Store
from millrace.errors import MillraceError
from millrace.jobs.request import JobRequest


def write_failure(store: Store, request: JobRequest, error: MillraceError) -> None:
    """Leave the error where the launcher looks for it."""
    data = json.dumps(error.to_document()).encode()
    store.write_document(request.error_name, data, private=True)


def read_failure(store: Store, request: JobRequest) -> MillraceError | None:
    """Return the error that this attempt left, or None."""
    data = store.read_document(request.error_name)
    return MillraceError.from_document(json.loads(data)) if data else None
