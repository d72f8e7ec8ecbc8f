"""Where a job is performed. Each runtime takes a request and returns its artifact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import SpecError
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.inline import run_inline
from millrace.jobs.runtimes.process import run_process


class Runtime(Protocol):
    """Perform `request` somewhere; return its artifact or raise a `MillraceError`."""

    def __call__(
        self, request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
    ) -> Artifact:
        """Perform the request and pass on its progress."""


RUNTIMES: dict[str, Runtime] = {"inline": run_inline, "local": run_process}
"""By name: ``inline`` is the caller's own process, ``local`` a child process."""


def runtime_named(name: str) -> Runtime:
    """Return a runtime; raise `SpecError` for a name that is none."""
    if name not in RUNTIMES:
        raise SpecError("unknown runtime", expected=", ".join(RUNTIMES), received=name)
    return RUNTIMES[name]
