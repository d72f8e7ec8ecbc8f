"""`Daemon`: what the crash matrix asks of a Docker daemon, and does to its containers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

_USUAL = "unix:///var/run/docker.sock"
_VERSION = "1.41"  # of the API; saves a question at each call


class Daemon:
    """A Docker daemon; one that does not answer has no containers.

    Args:
        host: as ``DOCKER_HOST`` names it; the machine's usual one by default.
    """

    def __init__(self, host: str | None = None) -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or _USUAL

    @property
    def answers(self) -> bool:
        """Whether it can be spoken with."""
        return self._ask(lambda client: client.info()) is not None

    def containers(self, label: str = "", *, everything: bool = False) -> list[tuple[str, str]]:
        """Return id and key of the containers that run, or of all."""
        filters = {"label": [label]} if label else {}
        found = self._ask(lambda client: client.containers(all=everything, filters=filters))
        return [(one["Id"], one["Labels"].get("millrace.key", "")) for one in found or ()]

    def kill(self, container: str) -> bool:
        """``docker kill`` a container; return whether it ran."""
        return self._ask(lambda client: client.kill(container) is None) is not None

    def remove(self, container: str) -> None:
        """Remove a container, running or not."""
        self._ask(lambda client: client.remove_container(container, v=True, force=True))

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """Return the answer; None where there is none, or a refusal."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with contextlib.suppress(DockerException, RequestException), self._client() as client:
            return question(client)
        return None

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        from docker import APIClient

        client = APIClient(base_url=self.host, version=_VERSION, timeout=60)
        try:
            yield client
        finally:
            client.close()
