"""The runtime of light stages: the caller's own process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.jobs.perform import perform
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest


def run_inline(
    request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
) -> Artifact:
    """Perform the request here."""
    return perform(request, store, scratch, report)
