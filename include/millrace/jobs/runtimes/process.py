"""The runtime `local`: a child process that executes ``python -m millrace.jobs <request URI>``.

The child holds the reading end of a pipe whose writing end this process keeps. When this process
ends, however it ends, the pipe closes and the child leaves: nothing is orphaned.
"""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import ExitCode, MillraceError, TransientError
from millrace.jobs.outcome import read_failure
from millrace.jobs.progress import Event, ProgressReader, document_name
from millrace.jobs.request import JobRequest

_POLL = 0.25  # seconds between looks at the child
_PROGRESS = {True: 0.25, False: 2.0}  # seconds between looks at its progress, by a local store
_TERMINATED = 128 + 15  # exit code of a child that left on SIGTERM
_GRACE = 4.0  # seconds from SIGTERM to SIGKILL; Airflow gives a task 5
_TAIL = 20  # lines of a dead child's output that an error shows
log = logging.getLogger(__name__)


def run_process(
    request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
) -> Artifact:
    """Perform the request in a child process and follow it."""
    uri = store.write_document(f"requests/{request.key}.json", request.to_bytes())
    store.write_document(document_name(request.key), b"{}")
    progress = ProgressReader(store, request.key, report)
    command = [sys.executable, "-m", "millrace.jobs", uri, "--lifeline", "--scratch", str(scratch)]
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(),
        start_new_session=True,
    )
    tail: deque[str] = deque(maxlen=_TAIL)
    reader = threading.Thread(target=_log_lines, args=(child.stdout, tail), daemon=True)
    reader.start()
    try:
        _follow(child, progress, _PROGRESS[store.local_root is not None])
    finally:
        _stop(child)
        reader.join(_GRACE)
    _look(progress)
    return _result(request, store, child.returncode, tail)


def _follow(child: subprocess.Popen[str], progress: ProgressReader, every: float) -> None:
    """Pass on the child's progress until it ends."""
    due = 0.0
    while child.poll() is None:
        time.sleep(_POLL)
        if time.monotonic() >= due:
            _look(progress)
            due = time.monotonic() + every


def _look(progress: ProgressReader) -> None:
    """Pass on new progress; whoever watches a job must not be able to end it."""
    try:
        progress.poll()
    except Exception as error:
        log.warning("The progress cannot be shown: %s", error)


def _result(request: JobRequest, store: Store, code: int, tail: deque[str]) -> Artifact:
    """Decide by exit code and manifest, never by what the child printed."""
    if code == 0:
        artifact = store.find(request.key)
        if artifact is None:
            raise MillraceError("a job ended well but published nothing", where=request.stage)
        return artifact
    failure = read_failure(store, request)
    if failure is not None:
        raise failure
    if code == ExitCode.RETRY:  # the store did not even take the reason
        raise TransientError(
            "the job's process failed for a reason that may pass",
            where=request.stage,
            received="\n".join(list(tail)[-1:]),
        )
    if code < 0 or code == _TERMINATED:
        raise TransientError(
            f"the job's process was killed by signal {-code if code < 0 else code - 128}",
            where=request.stage,
            remedy="Out of memory is the usual cause of signal 9; a retry resumes.",
        )
    raise MillraceError(
        f"the job's process ended with code {code}",
        where=request.stage,
        received="\n".join(tail),
        remedy="See the log above.",
    )


def _environment() -> dict[str, str]:
    """Return the child's environment: this one's, unbuffered, with the package importable."""
    package_root = str(Path(__file__).resolve().parents[3])
    paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(paths)}


def _log_lines(stream: IO[str] | None, tail: deque[str]) -> None:
    with stream or io.StringIO() as lines:
        for line in lines:
            text = line.rstrip()
            tail.append(text)
            log.info("%s", text)


def _stop(child: subprocess.Popen[str]) -> None:
    """End a child that still runs: first the lifeline and SIGTERM, then SIGKILL."""
    if child.stdin is not None:
        child.stdin.close()
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
