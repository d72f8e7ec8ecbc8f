"""Pods of this installation that nobody waits for: their run has ended, and no job holds their key.

A pod of a run that goes on is left alone whoever launched it: the next try attaches to it. Needs
the right to list and delete pods, and finds the cluster by ``KUBECONFIG`` or by where the process
runs, not by Airflow's connections.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from millrace.catalog.catalog import Catalog
from millrace.errors import SpecError
from millrace.jobs.locks import key_lock_if_free
from millrace.jobs.runtimes.docker.names import KEY, RUN
from millrace.jobs.runtimes.docker.strays import Stray
from millrace.jobs.runtimes.kubernetes.identity import installation_labels
from millrace.jobs.runtimes.kubernetes.refusals import refusal
from millrace.jobs.runtimes.kubernetes.settings import PodSettings
from millrace.settings import Settings

_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECONDS = 30  # for an answer of the API
_NOT_FOUND = 404
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PodStrays:
    """The stray pods of one installation in one namespace.

    Attributes:
        api: client of the cluster (`CoreV1Api`). namespace: of the pods.
        catalog: knows the runs and the locks of other hosts. home: holds the locks of this host.
    """

    api: Any
    namespace: str
    catalog: Catalog
    home: Path

    def find(self) -> list[Stray]:
        """Return the pods that need not be; remove none.

        Raises:
            MillraceError: the cluster refuses or does not answer.
        """
        found = []
        for stray in self._unneeded():
            with key_lock_if_free(self.home / "locks", stray.key, self.catalog.locks) as free:
                if free:
                    found.append(stray)
        return found

    def remove(self) -> list[Stray]:
        """Delete them; return those that went.

        Raises:
            MillraceError: the cluster refuses or does not answer.
        """
        gone = []
        for stray in self._unneeded():
            with key_lock_if_free(self.home / "locks", stray.key, self.catalog.locks) as free:
                if free and self._delete(stray.name):
                    gone.append(stray)
        return gone

    def _unneeded(self) -> Iterator[Stray]:
        """Yield the pods whose run has ended, and that are not being deleted already."""
        selector = ",".join(f"{name}={value}" for name, value in installation_labels().items())
        try:
            found = self.api.list_namespaced_pod(
                self.namespace, label_selector=selector, _request_timeout=_SECONDS
            ).items
        except Exception as error:
            raise refusal(error, f"pods of {self.namespace}") from error
        for pod in found:
            notes = pod.metadata.annotations or {}
            run = notes.get(RUN, "")
            if pod.metadata.deletion_timestamp or KEY not in notes or self._goes_on(run):
                continue
            yield Stray(
                pod.metadata.name, notes[KEY], run, pod.status.phase.lower(), "its run has ended"
            )

    def _goes_on(self, run: str) -> bool:
        """Whether a run goes on; one that the catalog does not know does not."""
        try:
            return run.isdecimal() and self.catalog.runs.get(int(run)).state == "running"
        except SpecError:
            return False

    def _delete(self, name: str) -> bool:
        """Delete a pod; False where another was faster."""
        try:
            self.api.delete_namespaced_pod(name, self.namespace, _request_timeout=_SECONDS)
        except Exception as error:
            if getattr(error, "status", None) == _NOT_FOUND:
                return False
            raise refusal(error, f"pod {name}") from error
        return True


@contextmanager
def strays_of(settings: Settings, catalog: Catalog) -> Iterator[PodStrays]:
    """Give the stray pods of an installation.

    Raises:
        SpecError: there is no cluster.
    """
    api = _connect()
    namespace = PodSettings.load().namespace or _own_namespace()
    try:
        yield PodStrays(api, namespace, catalog, settings.home)
    finally:
        api.api_client.rest_client.pool_manager.clear()
        api.api_client.close()


def _connect() -> Any:
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


def _own_namespace() -> str:
    return _NAMESPACE.read_text().strip() if _NAMESPACE.exists() else "default"
