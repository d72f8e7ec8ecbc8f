"""What every runtime outside this process does: hand over the request, follow it, take the result.

A job is decided by its exit code and its manifest, never by what it printed.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import ExitCode, MillraceError, TransientError
from millrace.jobs.outcome import read_failure
from millrace.jobs.progress import Event, ProgressReader, document_name
from millrace.jobs.request import JobRequest

_SHOWN = 300  # characters of what a dead job printed last
_KILLED = 128  # and the signal's number: how shells and containers report a signal
_LAST = 64  # number of the last signal
_LOST = 255  # of a container that its daemon lost; no signal
TAIL = 20
"""Lines of a dead job's output that an error shows."""

log = logging.getLogger(__name__)


def hand_over(request: JobRequest, store: Store) -> str:
    """Write the request where the job reads it and return its URI; forget earlier progress."""
    uri = store.write_document(f"requests/{request.key}.json", request.to_bytes())
    store.write_document(document_name(request.key), b"{}")
    return uri


@dataclass
class Progress:
    """Passes on the progress of a job that is performed elsewhere."""

    request: JobRequest
    store: Store
    report: Callable[[Event], None]

    def __post_init__(self) -> None:
        self._reader = ProgressReader(self.store, self.request.key, self.report)

    @property
    def interval(self) -> float:
        """Seconds between looks: a local store is cheap to ask."""
        return 0.25 if self.store.local_root is not None else 2.0

    def look(self) -> None:
        """Pass on what is new; whoever watches a job must not be able to end it."""
        try:
            self._reader.poll()
        except Exception as error:
            log.warning("The progress cannot be shown: %s", error)


def settle(
    request: JobRequest, store: Store, code: int, tail: Sequence[str], what: str = "process"
) -> Artifact:
    """Return the artifact of a job that ended, or raise why there is none.

    Args:
        request: of the job. store: of its result.
        code: its exit code; negative, or from 129 to 192, is a signal.
        tail: the last lines that it printed.
        what: ran it: a process, a container, a pod.

    Raises:
        MillraceError: of the kind that tells whether a retry may help.
    """
    if code == ExitCode.DONE:
        artifact = store.find(request.key)
        if artifact is None:
            raise MillraceError("a job ended well but published nothing", where=request.stage)
        return artifact
    failure = read_failure(store, request)
    if failure is not None:
        raise failure
    if code == ExitCode.RETRY:  # the store did not even take the reason
        raise TransientError(
            f"the job's {what} failed for a reason that may pass",
            where=request.stage,
            received="\n".join(list(tail)[-1:]),
        )
    if code < 0 or _KILLED < code <= _KILLED + _LAST:
        raise _killed(-code if code < 0 else code - _KILLED, what, request.stage)
    raise (TransientError if code == _LOST else MillraceError)(
        f"the job's {what} ended with code {code}",
        where=request.stage,
        received="\n".join(tail)[-_SHOWN:],  # a traceback says at its end what it is
        remedy="See the log above.",
    )


def _killed(number: int, what: str, stage: str) -> MillraceError:
    """Return the error of a job that a signal ended."""
    if number == signal.SIGTERM:
        problem, remedy = f"the job's {what} was told to stop", "A retry resumes."
    else:
        problem = f"the job's {what} was killed by signal {number}"
        remedy = "Out of memory is the usual cause of signal 9; a retry resumes."
    return TransientError(problem, where=stage, remedy=remedy)
