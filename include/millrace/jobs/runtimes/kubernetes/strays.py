"""Pods that nobody waits for any more: their run has ended, and no job holds their key.

A pod of a run that goes on is left alone whoever launched it: the next try attaches to it. Needs
the right to list and delete pods, and reads the cluster's address from where the process runs (in
the cluster, or ``KUBECONFIG``), not from Airflow's connections.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.catalog.catalog import Catalog
from millrace.errors import MillraceError, SpecError
from millrace.jobs.locks import key_lock_if_free
from millrace.jobs.runtimes.docker.names import KEY, RUN
from millrace.jobs.runtimes.kubernetes.identity import installation_labels
from millrace.jobs.runtimes.kubernetes.refusals import refusal
from millrace.settings import Settings

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECONDS = 30  # for an answer of the API
_NOT_FOUND = 404
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StrayPod:
    """A pod that nobody waits for.

    Attributes:
        name, namespace: of the pod. key: of its job. run: the catalog's number of its run.
        phase: ``Pending``, ``Running``, ``Succeeded``, ``Failed``.
    """

    name: str
    namespace: str
    key: str
    run: int | None
    phase: str


def stray_pods(settings: Settings, catalog: Catalog, namespace: str, api: Any) -> list[StrayPod]:
    """Return the pods of this installation that nobody waits for; remove none.

    Args:
        settings: of the installation. catalog: its catalog. namespace: to look in.
        api: a client of the cluster, `connect`'s.

    Raises:
        MillraceError: the cluster refuses or does not answer.
    """
    return [
        pod
        for pod in _pods(namespace, api)
        if not _wanted(catalog, pod.run) and _free(settings, catalog, pod.key)
    ]


def remove_stray_pods(
    settings: Settings, catalog: Catalog, namespace: str, api: Any
) -> list[StrayPod]:
    """Delete the pods that nobody waits for, and return them; see `stray_pods`."""
    removed = []
    for pod in _pods(namespace, api):
        if _wanted(catalog, pod.run):
            continue
        with key_lock_if_free(settings.home / "locks", pod.key, catalog.locks) as free:
            if free and _delete(pod, api):
                log.info("Deleted the pod %s: nobody waits for it", pod.name)
                removed.append(pod)
    return removed


def connect() -> Any:
    """Return a client of the cluster of ``KUBECONFIG``, else of the one this process runs in.

    Raises:
        SpecError: there is neither.
    """
    from kubernetes import client, config

    path = os.environ.get("KUBECONFIG")
    try:
        if path:
            config.load_kube_config(path)
        else:
            config.load_incluster_config()
    except (config.ConfigException, OSError) as error:
        raise SpecError(
            "there is no cluster to look for pods in",
            where=f"KUBECONFIG={path or ''}",
            received=str(error),
            remedy="Run it in a pod of the cluster, or name a kubeconfig.",
        ) from error
    return client.CoreV1Api()


def own_namespace() -> str:
    """Return the namespace that this process runs in; ``default`` outside a cluster."""
    return _NAMESPACE.read_text().strip() if _NAMESPACE.exists() else "default"


def _pods(namespace: str, api: Any) -> Iterator[StrayPod]:
    """Yield the pods of this installation that are not being deleted already."""
    selector = ",".join(f"{name}={value}" for name, value in installation_labels().items())
    try:
        found = api.list_namespaced_pod(
            namespace, label_selector=selector, _request_timeout=_SECONDS
        ).items
    except Exception as error:
        raise _refused(error, f"pods of {namespace}") from error
    for pod in found:
        notes = pod.metadata.annotations or {}
        if pod.metadata.deletion_timestamp is None and KEY in notes:
            yield StrayPod(
                pod.metadata.name, namespace, notes[KEY], _number(notes), pod.status.phase
            )


def _number(notes: Mapping[str, str]) -> int | None:
    text = notes.get(RUN, "")
    return int(text) if text.isdecimal() else None


def _wanted(catalog: Catalog, run: int | None) -> bool:
    """Whether the run goes on, so that a try may come that attaches."""
    if run is not None:
        with suppress(SpecError):
            return catalog.runs.get(run).state == "running"
    return False


def _free(settings: Settings, catalog: Catalog, key: str) -> bool:
    with key_lock_if_free(settings.home / "locks", key, catalog.locks) as free:
        return free


def _delete(pod: StrayPod, api: Any) -> bool:
    try:
        api.delete_namespaced_pod(pod.name, pod.namespace, _request_timeout=_SECONDS)
    except Exception as error:
        if getattr(error, "status", None) == _NOT_FOUND:
            return False
        raise _refused(error, f"pod {pod.name}") from error
    return True


def _refused(error: Exception, where: str) -> MillraceError:
    return refusal(getattr(error, "status", None), getattr(error, "body", str(error)), where)
