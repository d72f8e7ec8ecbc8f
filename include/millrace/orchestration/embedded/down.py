"""`down`: stop the embedded Airflow, in the right order, and leave nothing behind.

The scheduler stops first, so that nothing new begins, and the API server last, so that the others
can report to it. A task that is still running after the scheduler's grace is killed with it; the
next `up` starts it again, and training goes on from its last checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psutil

from millrace.orchestration.embedded.components import COMPONENTS, Component
from millrace.orchestration.embedded.installation import Installation
from millrace.orchestration.embedded.lock import lock
from millrace.orchestration.embedded.process import kill, marked, reap


@dataclass(frozen=True)
class Stopped:
    """What `down` did.

    Attributes:
        components: names of those that ran.
        killed: processes that did not stop by themselves.
    """

    components: tuple[str, ...]
    killed: int


def down(installation: Installation, report: Callable[[str], None]) -> Stopped:
    """Stop all components and everything that they started.

    Args:
        installation: which one; need not exist.
        report: told in short sentences what happens.
    """
    if not installation.run.exists():
        return Stopped((), 0)
    with lock(installation.run / "lock"):
        running = [one for one in COMPONENTS if one.runs(installation)]
        if running:
            report("stopping " + ", ".join(one.name for one in running))
        killed = stop_all(installation, COMPONENTS)
        return Stopped(tuple(one.name for one in running), killed)


def stop_all(installation: Installation, components: Iterable[Component]) -> int:
    """Stop these components in their order; return how many processes had to be killed."""
    stopping = [one for one in COMPONENTS if one in tuple(components)]
    first = [one for one in stopping if one.name == "scheduler"]
    last = [one for one in stopping if one.name == "api-server"]
    between = [one for one in stopping if one not in (*first, *last)]
    killed = sum(_stop(installation, group) for group in (first, between, last))
    home = installation.settings.home
    killed += kill(marked(home, [one.name for one in stopping]))
    reap()
    return killed


def _stop(installation: Installation, group: Iterable[Component]) -> int:
    """Ask the components of a group at once, wait for each, and kill what stays."""
    members = tuple(group)
    known = [(one, one.process(installation)) for one in members]
    left: list[psutil.Process] = []
    for _, process in known:
        if process is not None:
            process.ask_to_stop()
    for component, process in known:
        if process is not None:
            process.wait(component.grace)
            left += process.members()
    killed = kill(left)
    for component in members:
        component.file(installation).unlink(missing_ok=True)
    return killed
