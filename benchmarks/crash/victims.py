"""`VICTIMS`: what is disturbed, how, and in which stacks: the one table of them.

A victim finds its prey at the moment of the strike; where there is none it says so and the strike
is tried again in another run. Reviving belongs to the strike: a service manager would do it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Literal

import psutil

from crash.own_daemon import OwnDaemon
from crash.stack import Kind, Stack

Window = Literal["run", "training"]


@dataclass(frozen=True)
class Victim:
    """Something that can be disturbed.

    Attributes:
        name: shown. fits: whether stacks of a kind have it.
        window: the strike's moment is drawn from the time of a run, or of its training.
        there: whether it can be struck now.
        strike: do it, and start again what a service manager would; False: it was gone already.
    """

    name: str
    fits: Callable[[Kind], bool]
    window: Window
    there: Callable[[Stack], bool]
    strike: Callable[[Stack, Random], bool]


def _task(stack: Stack) -> bool:
    return next(stack.supervisors(), None) is not None


def _training(stack: Stack) -> bool:
    return bool(stack.watcher.alive())


def _always(_: Stack) -> bool:
    return True


def _signal_task(number: signal.Signals, part: int) -> Callable[[Stack, Random], bool]:
    """Return a strike at a task: part 0 is the executor's process for it, part 1 its own."""

    def strike(stack: Stack, random: Random) -> bool:
        found = list(stack.supervisors())
        return bool(found) and _send(random.choice(found)[part], number)

    return strike


def _kill_process(stack: Stack, random: Random) -> bool:
    jobs = sorted(stack.watcher.jobs())
    return bool(jobs) and _send(psutil.Process(random.choice(jobs)), signal.SIGKILL)


def _kill_component(name: str) -> Callable[[Stack, Random], bool]:
    def strike(stack: Stack, random: Random) -> bool:
        process = stack.component(name)
        struck = process is not None and _send(process, signal.SIGKILL)
        time.sleep(random.uniform(0, 3))
        stack.revive()
        return struck

    return strike


def _cut(stack: Stack, random: Random) -> bool:
    if stack.proxy is None:
        return False
    stack.proxy.cut(random.uniform(1, 8))
    return True


def _kill_container(stack: Stack, random: Random) -> bool:
    found = stack.watcher.containers()
    return stack.daemon is not None and bool(found) and stack.daemon.kill(random.choice(found)[0])


def _stop(number: signal.Signals) -> Callable[[Stack, Random], bool]:
    def strike(stack: Stack, random: Random) -> bool:
        if not isinstance(stack.daemon, OwnDaemon) or stack.daemon.pid is None:
            return False
        stack.daemon.stop(number)
        time.sleep(random.uniform(0, 3))
        stack.daemon.start()
        return True

    return strike


def _kill_worker(stack: Stack, random: Random) -> bool:
    """Kill a Celery worker with all that it started; another one takes its place."""
    from crash.celery_stack import CeleryStack

    return isinstance(stack, CeleryStack) and stack.replace_worker(random.randrange(16))


def _send(process: psutil.Process, number: signal.Signals) -> bool:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return False
    return True


_TABLE: tuple[Victim, ...] = (
    Victim("task, SIGKILL", Kind.any, "run", _task, _signal_task(signal.SIGKILL, 1)),
    Victim("task, SIGTERM", Kind.any, "run", _task, _signal_task(signal.SIGTERM, 1)),
    Victim("task's supervisor, SIGKILL", Kind.any, "run", _task, _signal_task(signal.SIGKILL, 0)),
    Victim("training process, SIGKILL", Kind.process, "training", _training, _kill_process),
    Victim("container, docker kill", Kind.container, "training", _training, _kill_container),
    Victim("Docker daemon, SIGKILL", Kind.daemon, "training", _training, _stop(signal.SIGKILL)),
    Victim("Docker daemon, SIGTERM", Kind.daemon, "training", _training, _stop(signal.SIGTERM)),
    Victim("scheduler, SIGKILL", Kind.embedded, "run", _always, _kill_component("scheduler")),
    Victim("API server, SIGKILL", Kind.embedded, "run", _always, _kill_component("api-server")),
    Victim("S3 endpoint, cut", Kind.proxied, "run", _always, _cut),
    Victim("Celery worker, SIGKILL", Kind.workers, "run", _task, _kill_worker),
)

VICTIMS: dict[str, Victim] = {victim.name: victim for victim in _TABLE}
