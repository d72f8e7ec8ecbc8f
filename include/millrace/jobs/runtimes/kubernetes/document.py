"""`pod_document`: the pod that performs a task's jobs, as plain JSON values.

It runs as nobody special, on a root that is read-only, with no capability and no token of the
cluster. What names one job (name, labels, the request's URI) is added when the job is launched.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from millrace.errors import SpecError
from millrace.jobs.runtimes.kubernetes.settings import PodSettings
from millrace.workflow.resources import Resources

CONTAINER = "base"
"""Name of the container; the one that Airflow's operator follows."""

GRACE = 15
"""Seconds from SIGTERM to SIGKILL; a training needs 4 to write its checkpoint."""

SCRATCH = "/scratch"
"""Folder for temporary files in the container."""

MANAGED_BY = {"app.kubernetes.io/managed-by": "millrace"}
"""Label of every pod."""

_USER, _GROUP = 50000, 0  # of the trainer image and of Airflow's, which share a volume
_STORE = "millrace-store"


def pod_document(
    settings: PodSettings, resources: Resources, *, image: str, store: str, gpus: int
) -> dict[str, Any]:
    """Return the document of the pods of a task.

    Args:
        settings: of the installation. resources: of the workflow.
        image: that performs the jobs. store: its URI.
        gpus: devices that this task trains on.

    Raises:
        SpecError: the template cannot be used, or the pod would not see the store.
    """
    ours: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"labels": {"app.kubernetes.io/name": "millrace-trainer", **MANAGED_BY}},
        "spec": _spec(settings, resources, _container(settings, resources, image, gpus)),
    }
    spec = ours["spec"]
    site = settings.site()
    if settings.claim:
        _mount_store(spec, settings, _folder(store))
    identity = (site.get("spec") or {}).get("securityContext") or {}
    spec["securityContext"] = _without_nulls({**spec["securityContext"], **identity})
    site_spec = {**(site.get("spec") or {}), "securityContext": {}}
    document: dict[str, Any] = _laid_over({**site, "spec": site_spec}, ours)
    _check_store(document, store)
    return document


def _spec(
    settings: PodSettings, resources: Resources, container: Mapping[str, Any]
) -> dict[str, Any]:
    shared = {"medium": "Memory", "sizeLimit": _mebibytes(resources.shared_memory_gib)}
    spec: dict[str, Any] = {
        "containers": [container],
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _GROUP,
            "fsGroup": _GROUP,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "shm", "emptyDir": shared},
        ],
    }
    if settings.service_account:
        spec["serviceAccountName"] = settings.service_account
    if resources.node_selector:
        spec["nodeSelector"] = dict(resources.node_selector)
    if resources.tolerations:
        spec["tolerations"] = [dict(one) for one in resources.tolerations]
    return spec


def _container(
    settings: PodSettings, resources: Resources, image: str, gpus: int
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": image,
        "command": ["python", "-m", "millrace.jobs"],
        "env": [
            {"name": name, "value": SCRATCH}
            for name in ("MILLRACE_HOME", "HOME", "TMPDIR")  # the one place that is written to
        ],
        "volumeMounts": [
            {"name": "scratch", "mountPath": SCRATCH},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a folder of the pod's own
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108
        ],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if settings.secrets:
        container["envFrom"] = [{"secretRef": {"name": name}} for name in settings.secrets]
    limits = _limits(resources, gpus)
    if limits:
        container["resources"] = {"limits": limits, "requests": dict(limits)}
    return container


def _limits(resources: Resources, gpus: int) -> dict[str, str]:
    limits = {}
    if resources.cpus is not None:
        limits["cpu"] = f"{max(1, round(resources.cpus * 1000))}m"
    if resources.memory_gib is not None:
        limits["memory"] = _mebibytes(resources.memory_gib)
    if gpus:
        limits["nvidia.com/gpu"] = str(gpus)
    return limits


def _mebibytes(gib: float) -> str:
    return f"{max(1, round(gib * 1024))}Mi"


def _folder(store: str) -> str | None:
    """Return the folder of a store on a file system, None for one that is reached by network."""
    parts = urlsplit(store)
    return unquote(parts.path) if parts.scheme in ("file", "") else None


def _mount_store(spec: dict[str, Any], settings: PodSettings, folder: str | None) -> None:
    path = settings.claim_path or folder
    if path is None:
        raise SpecError(
            "a volume claim without a path, and the store is no folder",
            where="MILLRACE_POD_CLAIM",
            expected="<claim>:<path>, or no claim",
            received=settings.claim,
        )
    spec["volumes"].append({"name": _STORE, "persistentVolumeClaim": {"claimName": settings.claim}})
    spec["containers"][0]["volumeMounts"].append({"name": _STORE, "mountPath": path})


def _check_store(document: Mapping[str, Any], store: str) -> None:
    """Refuse a store in a folder that the pod does not see."""
    folder = _folder(store)
    if folder is None:
        return
    mounts = document["spec"]["containers"][0]["volumeMounts"]
    volumes = {volume["name"]: volume for volume in document["spec"]["volumes"]}
    for mount in mounts:
        kept = "emptyDir" not in volumes.get(mount["name"], {})
        if kept and PurePosixPath(folder).is_relative_to(mount["mountPath"]):
            return
    raise SpecError(
        "a pod would not see the store",
        where="MILLRACE_STORE",
        expected="an S3 store, or a folder on a volume that the pods mount",
        received=store,
        remedy="Set MILLRACE_STORE to s3://…, or MILLRACE_POD_CLAIM to the claim that holds it.",
    )


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _laid_over(base: Any, top: Any) -> Any:
    """Return `top` over `base`: objects are merged, named lists by name, other lists are joined."""
    if isinstance(base, Mapping) and isinstance(top, Mapping):
        merged = {key: _laid_over(value, top.get(key)) for key, value in base.items()}
        return {**merged, **{key: value for key, value in top.items() if key not in base}}
    if isinstance(base, list) and isinstance(top, list):
        return _joined(base, top)
    return base if top is None else top


def _joined(base: list[Any], top: list[Any]) -> list[Any]:
    if not all(isinstance(item, Mapping) and "name" in item for item in (*base, *top)):
        return top if all(isinstance(item, str) for item in top) else [*base, *top]
    named = {item["name"]: item for item in base}
    ours = [_laid_over(named.pop(item["name"], None), item) for item in top]
    return [*ours, *named.values()]
