"""`DockerSettings`: how containers of this installation reach the store, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from millrace.errors import SpecError


@dataclass(frozen=True)
class DockerSettings:
    """What an installation decides for all its containers.

    Attributes:
        network: of containers whose store is not a folder, or whose source is an address
            (``MILLRACE_DOCKER_NETWORK``); all others have none.
        volume: name of the Docker volume that holds the store's folder, mounted at `volume_at`
            wherever Airflow runs in a container itself (``MILLRACE_DOCKER_VOLUME``, written
            ``name:/path``); without it, the store's folder is one of the daemon's host.
        volume_at: where that volume is mounted.
        mounts: further folders and files of the daemon's host, read-only, as pairs of the place
            there and the place inside (``MILLRACE_DOCKER_MOUNTS``, ``/there:/inside,/same``).
        variables: names of further variables that containers get (``MILLRACE_DOCKER_VARIABLES``,
            ``NAME,NAME``).
    """

    network: str = "bridge"
    volume: str | None = None
    volume_at: str = ""
    mounts: tuple[tuple[str, str], ...] = ()
    variables: tuple[str, ...] = ()

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None) -> DockerSettings:
        """Read the settings; raise `SpecError` for a path that is not absolute."""
        env = os.environ if environment is None else environment
        volume, _, at = env.get("MILLRACE_DOCKER_VOLUME", "").strip().partition(":")
        return cls(
            network=env.get("MILLRACE_DOCKER_NETWORK", "").strip() or cls.network,
            volume=volume or None,
            volume_at=_absolute("MILLRACE_DOCKER_VOLUME", at) if volume else "",
            mounts=tuple(_pair(text) for text in _list(env, "MILLRACE_DOCKER_MOUNTS")),
            variables=tuple(_list(env, "MILLRACE_DOCKER_VARIABLES")),
        )


def _list(env: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in env.get(name, "").split(",") if part.strip()]


def _pair(text: str) -> tuple[str, str]:
    there, _, inside = text.partition(":")
    name = "MILLRACE_DOCKER_MOUNTS"
    return _absolute(name, there), _absolute(name, inside or there)


def _absolute(name: str, path: str) -> str:
    if not PurePosixPath(path).is_absolute():
        raise SpecError(
            "not an absolute path",
            where=name,
            expected="name:/path" if name.endswith("VOLUME") else "/path or /there:/inside",
            received=path,
        )
    return path.rstrip("/") or "/"
