"""`Launch`: the container of a key, found running or made and started."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import SpecError, TransientError
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.daemon import Daemon, Document, NoDeviceError
from millrace.jobs.runtimes.docker.ending import end
from millrace.jobs.runtimes.docker.memory import Memory
from millrace.jobs.runtimes.docker.names import container_name, fits, labels_of, run_of
from millrace.jobs.runtimes.docker.options import SCRATCH, ContainerOptions
from millrace.jobs.runtimes.launch import hand_over

ALIVE = ("running", "paused", "restarting")
_HALFWAY = ("created", "removing")
_PATIENCE = 5.0  # seconds for another launcher to start what it has made
_POLL = 0.25  # seconds
_TRIES = 5
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Launched:
    """A container that runs.

    Attributes:
        id: of the container. request: the one that it was given, maybe by an earlier attempt; its
            failure is found under that one's name.
    """

    id: str
    request: JobRequest


@dataclass
class Launch:
    """Gets the container of a request.

    Attributes:
        daemon: has it. request, store: of the job.
        options: of a new container. labels: of it, besides those of the job.
        memory: is told of the container before it starts.
        made: id of the container that this launch made, if it did.
    """

    daemon: Daemon
    request: JobRequest
    store: Store
    options: ContainerOptions
    labels: Mapping[str, str]
    memory: Memory
    made: str | None = field(default=None, init=False)

    def get(self) -> Launched | Artifact:
        """Return the container that performs the key now; or what one made that ended unseen.

        Raises:
            SpecError: there is no fitting image, or the daemon refuses what is asked.
            TransientError: the daemon does not answer, or fails.
        """
        for _ in range(_TRIES):
            found = self._running() or self._started()
            if found is not None:
                return found
        raise TransientError("the container cannot be made: others keep making it", where=self.name)

    @property
    def name(self) -> str:
        """Name of the container."""
        return container_name(self.request, self.store)

    def _running(self) -> Launched | Artifact | None:
        """Return the container that runs; remove one that does not, and return what it made."""
        found = self._settled()
        if found is None:
            return None
        container, status = str(found["Id"]), found["State"]["Status"]
        if status not in ALIVE:
            made = self._made(found)
            log.info("Removing the container %s, which is %s", self.name, status)
            self.daemon.remove(container)
            return made
        if fits(self.request, found["Config"]["Labels"], ended=False):
            log.info("Following the container %s, which runs already", self.name)
            return Launched(container, self._given())
        log.info("Ending the container %s, whose result would not replace another", self.name)
        end(self.daemon, container)
        return None

    def _settled(self) -> Document | None:
        """Return the container of that name; wait where another launcher is just making it."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = self.daemon.inspect(self.name)
            halfway = found is not None and found["State"]["Status"] in _HALFWAY
            if not halfway or time.monotonic() > deadline:
                return found
            time.sleep(_POLL)

    def _made(self, container: Document) -> Artifact | None:
        """Return what a container that has ended made, where it is what is asked for.

        Its exit code alone proves nothing: a restarted daemon gives 0 to one that it lost.
        """
        if not fits(self.request, container["Config"]["Labels"], ended=True):
            return None
        made = self.store.find(self.request.key)
        if made is None or not self.request.replace:
            return made
        maker = str(made.manifest.provenance.get("attempt", "")).partition("-")[0]
        return made if maker == run_of(self.request) else None

    def _given(self) -> JobRequest:
        """Return the request that the running container has; ours where it is not known."""
        data = self.store.read_document(f"requests/{self.request.key}.json")
        return self.request if data is None else JobRequest.from_bytes(data, self.name)

    def _started(self) -> Launched | None:
        """Start a new container; None where the same must be tried again."""
        self._check_image()
        uri = hand_over(self.request, self.store)
        labels = labels_of(self.request, self.labels)
        container = self.daemon.create(self.name, self.options, [uri, "--scratch", SCRATCH], labels)
        if container is None:
            log.info("Another launcher has just made the container %s", self.name)
            return None
        self.made = container
        self.memory.save({"container": container, "name": self.name})
        try:
            self.daemon.start(container)
        except NoDeviceError as error:
            if self.options.gpus_needed:
                raise error.plain() from error
            log.warning("It runs on the processor: %s", error.problem)
            self.daemon.remove(container)
            self.made = None
            self.options = replace(self.options, gpus=0)
            return None
        log.info("Started the container %s of the image %s", self.name, self.options.image)
        return Launched(container, self.request)

    def _check_image(self) -> None:
        """Refuse an image that is missing or cannot run there; nothing is ever pulled."""
        name = self.options.image
        image = self.daemon.image(name)
        if image is None:
            raise SpecError(
                "the image is not on this Docker daemon",
                where=name,
                remedy="Build it: make images. Or name another one in MILLRACE_TRAINER_IMAGE.",
            )
        here, built = self.daemon.architecture(), str(image.get("Architecture", ""))
        if here and built and here != built:
            raise SpecError(
                "the image is of another architecture",
                where=name,
                expected=here,
                received=built,
                remedy="Build it on this kind of machine: make images.",
            )
