"""Where a job is performed. Each runtime takes a request and returns its artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
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


@dataclass(frozen=True)
class Place:
    """Somewhere outside this process's machine or installation where jobs are performed.

    Attributes:
        runtime: performs them.
        packages: versions of the distributions there, by name, which keys are made from; a name
            that is missing is taken from this installation.
    """

    runtime: Runtime
    packages: Mapping[str, str]


def here(*, heavy: bool) -> Runtime:
    """Return the runtime of this machine: a child process for heavy stages, else this process."""
    return run_process if heavy else run_inline
