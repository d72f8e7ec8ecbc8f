"""`DockerRuntime`: performs a job in a container, or follows the one that performs it already.

A container goes on when whoever follows it dies; the next one who wants the key finds it by its
name. Whoever follows it removes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import MillraceError, TransientError
from millrace.jobs.progress import Event
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.daemon import Daemon, UnreachableError
from millrace.jobs.runtimes.docker.ending import end
from millrace.jobs.runtimes.docker.launch import ALIVE, Launch, Launched
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.names import container_name
from millrace.jobs.runtimes.docker.options import ContainerOptions
from millrace.jobs.runtimes.docker.watch import Watch

log = logging.getLogger(__name__)


@dataclass
class DockerRuntime:
    """A `Runtime` of one daemon.

    Attributes:
        daemon: runs the containers.
        options: makes the options of a job's container.
        labels: of all its containers.
        memory: what outlives this process.
        name: of the container of the job at hand; None where there is none.
        called: a job was performed, or tried.
        stopped: somebody wants the job to end.
    """

    daemon: Daemon
    options: Callable[[JobRequest, Store], ContainerOptions]
    labels: Mapping[str, str] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    name: str | None = None
    called: bool = False
    stopped: bool = False

    def __call__(
        self, request: JobRequest, store: Store, scratch: Path, report: Callable[[Event], None]
    ) -> Artifact:
        """Perform the request in a container and follow it; see `Runtime`."""
        del scratch  # the container has its own
        self.name, self.called = container_name(request, store), True
        try:
            artifact = self._followed(request, store, report)
        except UnreachableError as error:
            log.warning("The next try follows the container %s, if it goes on", self.name)
            raise error.plain() from error
        finally:
            self.name = None  # what is stopped from now on is not this container
            self.daemon.close()
        return artifact

    def _followed(
        self, request: JobRequest, store: Store, report: Callable[[Event], None]
    ) -> Artifact:
        """Launch or find the container, follow it to its end and remove it."""
        options = self.options(request, store)
        launch = Launch(self.daemon, request, store, options, self.labels, self.memory)
        found: Launched | Artifact | None = None
        try:
            found = launch.get()
            if isinstance(found, Artifact):
                return found
            self._go_on()
            watch = Watch(self.daemon, found.id, found.request, store, self.memory)
            ended = watch.wait(report)
            self._go_on()
            artifact = ended.result(options.memory)
        except UnreachableError:
            raise
        except BaseException as error:
            ours = found is not None or self.stopped or not isinstance(error, Exception)
            self._remove(self.name if ours else launch.made)
            if self.stopped and isinstance(error, Exception):
                raise self._stopped() from error
            raise
        self._remove(self.name)
        return artifact

    def stop(self, daemon: Daemon) -> None:
        """End the job's container, within seconds, and remove it; from a signal's handler, too.

        Args:
            daemon: a connection that nobody else uses.
        """
        self.stopped = True
        if self.name is not None:
            end(daemon, self.name)

    def tidy(self) -> None:
        """Remove what an earlier try left, where this one had its result from the store.

        That try was killed, and its container ended with nobody there to remove it.
        """
        left = None if self.called else self.memory.load().get("container")
        if left is None:
            return
        try:
            found = self.daemon.inspect(str(left))
            if found is not None and found["State"]["Status"] not in ALIVE:
                self.daemon.remove(str(left))
        except MillraceError as error:
            log.warning("The container %s could not be removed: %s", left, error)

    def _go_on(self) -> None:
        if self.stopped:
            raise self._stopped()

    def _stopped(self) -> MillraceError:
        return TransientError("the task was stopped, and its container with it", where=self.name)

    def _remove(self, container: str | None) -> None:
        """Remove a container; where the daemon cannot now, the reaper will."""
        try:
            if container is not None:
                end(self.daemon, container)
        except MillraceError as error:
            log.warning("The container %s could not be removed: %s", container, error)
