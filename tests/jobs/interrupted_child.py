"""A process to interrupt: ``interrupted_child.py held|deaf|repeated``; it prints ``ready``."""

from __future__ import annotations

import os
import signal
import sys
import time

from millrace.jobs.interruption import Interruption


def main() -> None:
    with Interruption(grace=1.0) as interruption:
        if sys.argv[1] == "held":
            with interruption.hold():
                _say("ready")
                time.sleep(0.5)
                _say("whole")
            _say("too far")
            return
        _say("ready")
        _stay(again=sys.argv[1] == "repeated")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _stay(*, again: bool) -> None:
    """Take every exit for nothing, as a native call would."""
    while True:
        try:
            time.sleep(60)
        except SystemExit:
            if again:  # a second signal neither hastens nor delays the end
                os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
