"""`Watch`: waits for a container by asking the daemon, and passes on its log and its progress."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import MillraceError, TransientError
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.daemon import GONE, Daemon, Document, UnreachableError
from millrace.jobs.runtimes.docker.follow import Follower
from millrace.jobs.runtimes.docker.launch import ALIVE
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.options import GIB
from millrace.jobs.runtimes.launch import Progress, settle

PATIENCE = 120.0
"""Seconds without an answer of the daemon until the task gives up; the container may go on."""

_POLL = 0.25  # seconds between looks
_INSPECT = 0.5  # seconds between questions to the daemon
_NOTE = 5.0  # seconds between notes of how far the log was passed on
_DRAIN = 3.0  # seconds for the last lines
_UNKNOWN = (0, 255)  # exit codes that a restarted daemon gives a container that it lost
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ended:
    """A container that has ended.

    Attributes:
        request, store: of its job.
        state: as the daemon gives it; None where the container is gone.
        tail: the last lines that it printed.
        doubted: the daemon was away meanwhile, so its word may be wrong.
    """

    request: JobRequest
    store: Store
    state: Document | None
    tail: Sequence[str]
    doubted: bool

    def result(self, memory: int | None) -> Artifact:
        """Return what it made, or raise why it made nothing.

        Args:
            memory: limit of the container, bytes.
        """
        if self.state is None:
            return self._made("the container was removed while it ran")
        code = int(self.state["ExitCode"])
        if code and self.state.get("OOMKilled"):  # it may be a process of the job that was killed
            raise self._out_of_memory(memory)
        if self.doubted and code in _UNKNOWN:
            return self._made("the Docker daemon was restarted and lost the container")
        return settle(self.request, self.store, code, self.tail, "container")

    def _made(self, problem: str) -> Artifact:
        made = None if self.request.replace else self.store.find(self.request.key)
        if made is None:
            stage = f"stage {self.request.stage}"
            raise TransientError(problem, where=stage, remedy="A retry resumes.")
        return made

    def _out_of_memory(self, memory: int | None) -> MillraceError:
        return TransientError(
            "the container ran out of memory and was killed (137)",
            where=f"stage {self.request.stage}",
            expected="the host's memory" if memory is None else f"at most {memory / GIB:.4g} GiB",
            remedy="Raise resources.memory_gib, or lower train.batch_size.",
        )


@dataclass
class Watch:
    """Watches one container.

    Attributes:
        daemon: has it. container: its id. request, store: of its job.
        memory: says how far the log was passed on, and is told.
    """

    daemon: Daemon
    container: str
    request: JobRequest
    store: Store
    memory: Memory
    _silent: float | None = field(default=None, init=False)
    _doubted: bool = field(default=False, init=False)

    def wait(self, report: Callable[[Event], None]) -> Ended:
        """Return when the container has ended.

        Raises:
            UnreachableError: the daemon does not answer for too long.
        """
        note = self.memory.load()
        since = str(note.get("logged", "")) if note.get("container") == self.container else ""
        follower = Follower(self.daemon, self.container, since)
        progress = Progress(self.request, self.store, report)
        follower.start()
        try:
            state = self._wait(follower, progress)
        finally:
            follower.stop(_DRAIN)
            self._note(follower)
        progress.look()
        return Ended(self.request, self.store, state, tuple(follower.tail), self._doubted)

    def _wait(self, follower: Follower, progress: Progress) -> Document | None:
        look, ask, note = _Every(progress.interval), _Every(_INSPECT), _Every(_NOTE)
        while True:
            hint = follower.ended.wait(_POLL)
            follower.ended.clear()
            if hint or ask.due():
                running, state = self._ask()
                if not running:
                    return state
            if look.due():
                progress.look()
            if note.due():
                self._note(follower)

    def _ask(self) -> tuple[bool, Document | None]:
        """Return whether it may run still, and how it ended."""
        try:
            found = self.daemon.inspect(self.container)
        except UnreachableError:
            self._bear()
            return True, None
        self._silent = None
        if found is None:
            return False, None
        return found["State"]["Status"] in ALIVE, found["State"]

    def _bear(self) -> None:
        """Bear a daemon that does not answer, for a while."""
        now = time.monotonic()
        self._doubted = True
        if self._silent is None:
            log.warning("%s; the container may go on meanwhile", GONE.capitalize())
            self._silent = now
        if now - self._silent > PATIENCE:
            raise UnreachableError(
                f"{GONE} for {PATIENCE:.0f} s", where=f"stage {self.request.stage}"
            )

    def _note(self, follower: Follower) -> None:
        if follower.last:
            self.memory.save({"container": self.container, "logged": follower.last})


@dataclass
class _Every:
    """Says when so many seconds have gone by; at once the first time."""

    seconds: float
    _next: float = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self.seconds
        return True
