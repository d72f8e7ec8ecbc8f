"""``python -m millrace.jobs <request URI>``: perform one request; the exit code is the outcome.

0 done, 64 the request is wrong, 65 the data is wrong, 75 try again, 70 a bug, 143 SIGTERM.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from millrace.artifacts.store import Store
from millrace.errors import ExitCode, MillraceError, SpecError
from millrace.jobs.fit import check_fit
from millrace.jobs.interruption import Interruption
from millrace.jobs.outcome import write_failure
from millrace.jobs.perform import perform
from millrace.jobs.request import JobRequest
from millrace.settings import Settings
from millrace.workflow.stage import Hold

_GRACE = 4.0  # seconds from SIGTERM to SIGKILL
log = logging.getLogger("millrace.jobs")


def main(arguments: list[str] | None = None) -> int:
    """Perform the request that the command line names and return the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if options.lifeline:
        threading.Thread(target=_leave_when_alone, daemon=True).start()
    with Interruption() as interruption:
        return _do(options.request, Path(options.scratch), interruption.hold)


def _do(uri: str, scratch: Path, hold: Hold) -> int:
    """Perform a request and return the exit code."""
    try:
        store, request = _open(uri)
    except MillraceError as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence is for the reader, not the trace
        return error.exit_code
    try:
        check_fit(request)
        perform(request, store, scratch, hold=hold)
    except MillraceError as error:
        with suppress(MillraceError):  # the exit code tells the kind of error in any case
            write_failure(store, request, error)
        log.error("%s", error)  # noqa: TRY400
        return error.exit_code
    except Exception:
        log.exception("A bug in stage %s", request.stage)
        return ExitCode.BUG
    return ExitCode.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m millrace.jobs", description=__doc__)
    parser.add_argument("request", help="URI of the request in its store")
    parser.add_argument("--scratch", default=tempfile.gettempdir(), help="for temporary files")
    parser.add_argument("--lifeline", action="store_true", help="leave when standard input closes")
    return parser


def _open(uri: str) -> tuple[Store, JobRequest]:
    """Return the store that holds a request, and the request."""
    root, mark, name = uri.rpartition("/documents/")
    if not mark:
        raise SpecError("not the URI of a request", expected="<store>/documents/…", received=uri)
    store = Store(root, Settings.load().home / "cache")
    data = store.read_document(name)
    if data is None:
        raise SpecError("there is no such request", where=uri)
    request = JobRequest.from_bytes(data, uri)
    return store.sealing(request.sealed), request


def _leave_when_alone() -> None:
    """End this process when its launcher is gone: SIGTERM first, for a tidy end."""
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffer's lock would bar the exit
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
