"""`Daemon`: what the crash matrix asks of a Docker daemon, and does to its containers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import IO


class Daemon:
    """A Docker daemon.

    Args:
        host: as ``DOCKER_HOST`` names it; None is the machine's usual one.
    """

    def __init__(self, host: str | None = None) -> None:
        self.host = host

    def environment(self) -> dict[str, str]:
        """Return the variables that lead the product to it."""
        return {} if self.host is None else {"DOCKER_HOST": self.host}

    def containers(self, label: str = "", *, everything: bool = False) -> list[tuple[str, str]]:
        """Return id and key of the containers that run, or of all."""
        arguments = ["ps", "--no-trunc", "--format", '{{.ID}} {{.Label "millrace.key"}}']
        arguments += ["--all"] if everything else []
        arguments += ["--filter", f"label={label}"] if label else []
        answer = self._docker(*arguments)
        lines = [] if answer.returncode else answer.stdout.decode().splitlines()
        return [(line.split()[0], line.partition(" ")[2]) for line in lines]

    def kill(self, container: str) -> bool:
        """``docker kill`` a container; return whether it ran."""
        return self._docker("kill", container).returncode == 0

    def remove(self, container: str) -> None:
        """Remove a container, running or not."""
        self._docker("rm", "--force", container)

    def _docker(
        self, *arguments: str, stdin: IO[bytes] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        env: Mapping[str, str] = {**os.environ, **self.environment()}
        return subprocess.run(
            ["docker", *arguments],
            stdin=stdin,
            capture_output=True,
            check=False,
            timeout=300,
            env=env,
        )
