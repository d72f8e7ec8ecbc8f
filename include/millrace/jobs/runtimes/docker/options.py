"""`ContainerOptions`: all that a container is given, and nothing that it does not need.

Secrets are in `private` only; no other field holds any.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from millrace.workflow.resources import Resources

GIB = 1 << 30
SCRATCH = "/scratch"
"""Where a container keeps temporary files: a volume of its own, which goes with it."""

_TMP = "rw,nosuid,nodev,mode=1777,size=256m"
_LOG = {"max-size": "20m", "max-file": "3"}
_PUBLIC = {
    "HOME": "/tmp",  # noqa: S108 - inside the container
    "MILLRACE_HOME": SCRATCH,
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "TMPDIR": SCRATCH,
    "USER": "millrace",
}


@dataclass(frozen=True)
class Mounted:
    """A folder or file inside: of the daemon's host (``bind``) or of a Docker ``volume``."""

    source: str
    target: str
    kind: str = "bind"
    read_only: bool = False


@dataclass(frozen=True)
class ContainerOptions:
    """What a container is made with.

    Attributes:
        image: its name. network: ``none``, or one of the daemon's.
        user: ``uid:gid``; the image's own by default.
        mounts: besides its scratch volume.
        cpus: cores, at most. memory: bytes, at most. shared_memory: bytes of ``/dev/shm``.
        processes: at most, with threads.
        gpus: devices. gpus_needed: whether it may not start without them.
        environment: variables that anyone may see. private: secrets, never shown or logged.
    """

    image: str
    network: str = "none"
    user: str | None = None
    mounts: tuple[Mounted, ...] = ()
    cpus: float | None = None
    memory: int | None = None
    shared_memory: int = GIB
    processes: int = 4096
    gpus: int = 0
    gpus_needed: bool = True
    environment: Mapping[str, str] = field(default_factory=lambda: dict(_PUBLIC))
    private: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, image: str, resources: Resources, gpus: int, **more: Any) -> ContainerOptions:
        """Return the options that a workflow's resources ask for."""
        memory = resources.memory_gib
        return cls(
            image=image,
            cpus=resources.cpus,
            memory=None if memory is None else int(memory * GIB),
            shared_memory=int(resources.shared_memory_gib * GIB),
            processes=resources.processes,
            gpus=gpus,
            gpus_needed=resources.without_gpu == "fail",
            **more,
        )

    def host(self) -> dict[str, Any]:
        """Return the arguments of the SDK's `create_host_config`."""
        from docker.types import DeviceRequest, LogConfig, Mount

        mounts = [
            Mount(target=m.target, source=m.source, type=m.kind, read_only=m.read_only)
            for m in self.mounts
        ]
        limits: dict[str, Any] = {"pids_limit": self.processes, "shm_size": self.shared_memory}
        if self.cpus is not None:
            limits["nano_cpus"] = int(self.cpus * 1e9)
        if self.memory is not None:
            limits |= {"mem_limit": self.memory, "memswap_limit": self.memory}
        if self.gpus:
            request = DeviceRequest(count=self.gpus, capabilities=[["gpu"]])
            limits["device_requests"] = [request]
        return {
            **limits,
            "mounts": mounts,
            "network_mode": self.network,
            "read_only": True,
            "tmpfs": {"/tmp": _TMP},  # noqa: S108 - inside the container
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "log_config": LogConfig(type="json-file", config=_LOG),
            "restart_policy": {"Name": "no"},
            "auto_remove": False,
        }


def owner(path: str | os.PathLike[str]) -> str:
    """Return ``uid:gid`` of a folder, so that a container writes there what others there can use.

    Raises:
        OSError: there is no such folder.
    """
    found = os.stat(path)  # noqa: PTH116
    return f"{found.st_uid}:{found.st_gid}"
