"""Strays: containers of this installation that nobody follows and nobody will.

A container that runs is one when its key's lock is free and its run has ended: no retry is coming.
One that has ended, or never started, is one when its lock is free and a grace has gone by; whoever
wanted its result takes that from the store. The lock is held while a container is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError, SpecError
from millrace.jobs.locks import key_lock_if_free
from millrace.jobs.runtimes.docker.daemon import Daemon, Document, connect
from millrace.jobs.runtimes.docker.ending import end
from millrace.jobs.runtimes.docker.launch import ALIVE
from millrace.jobs.runtimes.docker.names import INSTALLATION, KEY, RUN, installation
from millrace.settings import Settings

GRACE = timedelta(hours=1)
"""How long a container that ended may stay: a task that is retried may still look at it."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stray:
    """A container that need not be.

    Attributes:
        name: of the container. key, run: of its job, the run by its number in the catalog.
        status: as Docker says it. reason: why nobody needs it.
    """

    name: str
    key: str
    run: str
    status: str
    reason: str

    def to_document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Strays:
    """The strays of one installation on one daemon.

    Attributes:
        daemon: is asked. catalog: knows the runs and the locks of other hosts.
        home: holds the locks of this host. url: of the catalog; it names the installation.
    """

    daemon: Daemon
    catalog: Catalog
    home: Path
    url: str

    def find(self, now: datetime | None = None) -> list[Stray]:
        """Return the containers that need not be; remove none."""
        found = []
        for container, reason in self._unneeded(now or datetime.now(UTC)):
            with self._free(container) as free:
                if free:
                    found.append(_stray(container, reason))
        return found

    def remove(self, now: datetime | None = None) -> list[Stray]:
        """Stop and remove them; return those that went.

        A training that is stopped saves its state; a run that is cleared goes on from there.
        """
        gone = []
        for container, reason in self._unneeded(now or datetime.now(UTC)):
            with self._free(container) as free:
                if not free:
                    continue
                try:
                    end(self.daemon, str(container["Id"]))
                except MillraceError as error:
                    log.warning("%s cannot be removed: %s", container["Name"], error)
                    continue
                gone.append(_stray(container, reason))
        return gone

    def _unneeded(self, now: datetime) -> Iterator[tuple[Document, str]]:
        """Yield the containers that may be strays, each with the reason."""
        (value,) = installation(self.url).values()
        for listed in self.daemon.labelled(f"{INSTALLATION}={value}", KEY):
            container = self.daemon.inspect(str(listed["Id"]))
            reason = None if container is None else self._reason(container, now)
            if container is not None and reason is not None:
                yield container, reason

    def _reason(self, container: Document, now: datetime) -> str | None:
        state = container["State"]
        if state["Status"] in ALIVE:
            return None if self._goes_on(container) else "its run has ended"
        since = max(_moment(container["Created"]), _moment(state["FinishedAt"]))
        return "it has ended, and nobody took it away" if now - since > GRACE else None

    def _goes_on(self, container: Document) -> bool:
        """Whether the run that wanted it goes on; one that the catalog does not know does not."""
        run = container["Config"]["Labels"].get(RUN, "")
        try:
            return run.isdigit() and self.catalog.runs.get(int(run)).state == "running"
        except SpecError:
            return False

    def _free(self, container: Document) -> Any:
        key = container["Config"]["Labels"][KEY]
        return key_lock_if_free(self.home / "locks", key, self.catalog.locks)


@contextmanager
def strays_of(settings: Settings, catalog: Catalog) -> Iterator[Strays]:
    """Give the strays of an installation on the daemon of ``DOCKER_HOST``."""
    daemon = Daemon(connect)
    try:
        yield Strays(daemon, catalog, settings.home, settings.catalog)
    finally:
        daemon.close()


def _stray(container: Document, reason: str) -> Stray:
    labels = container["Config"]["Labels"]
    name = str(container["Name"]).lstrip("/")
    return Stray(name, labels[KEY], labels.get(RUN, ""), container["State"]["Status"], reason)


def _moment(text: str) -> datetime:
    """Return a moment as Docker writes it, to the second; nanoseconds are too fine for Python."""
    return datetime.fromisoformat(text[:19] + "+00:00")
