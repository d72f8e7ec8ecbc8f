"""How a container reaches the store and what a job reads: mounts, network, private variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from millrace.artifacts import restricted
from millrace.artifacts.sealing import master_keys
from millrace.artifacts.store import Store
from millrace.errors import SpecError
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.options import Mounted, owner
from millrace.jobs.runtimes.docker.settings import DockerSettings
from millrace.privacy import keys as privacy_key
from millrace.workflow.variables import expand

_NAMED = re.compile(r"\$\{([A-Za-z_]\w*)")
_RESTRICTED = "MILLRACE_RESTRICTED_"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_OF_FILES = ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE")


def access(
    request: JobRequest,
    store: Store,
    settings: DockerSettings,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the fields of `ContainerOptions` that let the container reach what it needs.

    Raises:
        SpecError: the job reads files of this machine, which no container sees.
    """
    env = os.environ if environment is None else environment
    mounts = (
        *_of_store(store, settings),
        *(Mounted(a, b, "bind", True) for a, b in settings.mounts),
    )
    located = expand(dict(request.locations), env)
    _check_sources(request.stage, located, mounts)
    root = store.local_root
    remote = {text.partition("://")[0] for text in _texts(located) if "://" in text} - {"file"}
    networked = root is None or bool(remote)
    names = {*settings.variables, *_NAMED.findall(json.dumps(dict(request.locations)))}
    if networked:
        names |= {*_PROXIES}
    if root is None or remote & {"s3", "s3a"}:
        names |= {name for name in env if name.startswith("AWS_")}
        names -= {*_OF_FILES} - {*settings.variables}
    keys = _keys(request, store, env)
    return {
        "network": settings.network if networked else "none",
        "user": None if root is None else owner(root),
        "mounts": mounts,
        "private": {name: env[name] for name in sorted(names) if name in env} | keys,
    }


def _keys(request: JobRequest, store: Store, env: Mapping[str, str]) -> dict[str, str]:
    """Return the keys that the job needs: to encrypt or decrypt, and to make pseudonyms.

    A key in a file is given by its value, since the container does not see the file.
    """
    found: dict[str, str] = {}
    inputs = [store.get(ref).manifest for refs in request.inputs.values() for ref in refs]
    if request.sealed or any(entry.sealed for one in inputs for entry in one.files.values()):
        found |= _value(env, master_keys.VARIABLE, master_keys.FILE_VARIABLE)
    if request.sensitivity:  # whoever reads originals makes pseudonyms, and may keep them
        found |= {name: env[name] for name in sorted(env) if name.startswith(_RESTRICTED)}
    if request.sensitivity and env.get(restricted.VARIABLE):
        found |= _value(env, master_keys.VARIABLE, master_keys.FILE_VARIABLE)
    if request.sensitivity:
        found |= _value(env, privacy_key.VARIABLE, privacy_key.FILE_VARIABLE)
    return found


def _value(env: Mapping[str, str], variable: str, file_variable: str) -> dict[str, str]:
    """Return a key's variable with its value; nothing where there is no key."""
    if env.get(variable):
        return {variable: env[variable]}
    if not env.get(file_variable):
        return {}
    try:
        return {variable: Path(env[file_variable]).read_text(encoding="utf-8").strip()}
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(
            "the file of a key cannot be read", where=file_variable, received=type(error).__name__
        ) from error


def _of_store(store: Store, settings: DockerSettings) -> tuple[Mounted, ...]:
    """Return what brings the store's folder to the same path inside; nothing for a remote one."""
    root = store.local_root
    if root is None:
        return ()
    if settings.volume is None:
        return (Mounted(str(root), str(root)),)
    if not PurePosixPath(root).is_relative_to(settings.volume_at):
        raise SpecError(
            "the volume does not hold the store",
            where="MILLRACE_DOCKER_VOLUME",
            expected=f"a volume that is mounted at or above {root}",
            received=f"{settings.volume}:{settings.volume_at}",
        )
    return (Mounted(settings.volume, settings.volume_at, "volume"),)


def _check_sources(stage: str, located: Mapping[str, Any], mounts: tuple[Mounted, ...]) -> None:
    """Refuse a job that reads files of this machine."""
    for path in _paths(located):
        seen = any(path.is_relative_to(mount.target) for mount in mounts)
        if not seen and path.exists():
            raise SpecError(
                "a container does not see this folder",
                where=f"stage {stage}",
                received=path,
                remedy=f"Leave runtimes.{stage} local, or name the folder in "
                "MILLRACE_DOCKER_MOUNTS.",
            )


def _paths(located: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the absolute local paths among the strings of a JSON value."""
    for text in _texts(located):
        if text.startswith(("/", "file:/")):
            yield Path("/" + text.removeprefix("file:").lstrip("/"))


def _texts(value: Any) -> Iterator[str]:
    """Yield the strings of a JSON value."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
