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
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.launch import TAIL, Progress, hand_over, settle

_POLL = 0.25  # seconds between looks at the child
_GRACE = 4.0  # seconds from SIGTERM to SIGKILL; Airflow gives a task 5
log = logging.getLogger(__name__)


def run_process(
    request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
) -> Artifact:
    """Perform the request in a child process and follow it."""
    uri = hand_over(request, store)
    progress = Progress(request, store, report)
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
    tail: deque[str] = deque(maxlen=TAIL)
    reader = threading.Thread(target=_log_lines, args=(child.stdout, tail), daemon=True)
    reader.start()
    try:
        _follow(child, progress)
    finally:
        _stop(child)
        reader.join(_GRACE)
    progress.look()
    return settle(request, store, child.returncode, tail)


def _follow(child: subprocess.Popen[str], progress: Progress) -> None:
    """Pass on the child's progress until it ends."""
    due = 0.0
    while child.poll() is None:
        time.sleep(_POLL)
        if time.monotonic() >= due:
            progress.look()
            due = time.monotonic() + progress.interval


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
