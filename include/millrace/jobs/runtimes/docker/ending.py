"""`end`: how a container is taken away: it may save its state first."""

from __future__ import annotations

from millrace.jobs.runtimes.docker.daemon import Daemon

GRACE = 4
"""Seconds from SIGTERM to SIGKILL: a training saves its state; Airflow gives a task 5."""


def end(daemon: Daemon, container: str) -> None:
    """Stop a container, giving it time to save its state, and remove it with its volume."""
    daemon.stop(container, GRACE)
    daemon.remove(container)
