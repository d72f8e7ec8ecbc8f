"""Who a pod is: a name that only this job of this store has, and labels by which it is found.

The API server refuses a second pod of the same name, so that of all launchers in all places, two
never have a pod each for one key. Names are those of containers elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from millrace.artifacts.store import Store
from millrace.jobs.request import JobRequest
from millrace.jobs.runtimes.docker.names import (
    KEY,
    REPLACE,
    RUN,
    container_name,
    installation,
    run_of,
)
from millrace.jobs.runtimes.kubernetes.document import MANAGED_BY
from millrace.settings import Settings

ATTEMPT = "millrace.attempt"
"""Annotation: the attempt of the request that the pod performs."""

_LONGEST = 63  # characters of a label's value
_FORBIDDEN = re.compile(r"[^A-Za-z0-9._-]+")


def pod_name(request: JobRequest, store: Store) -> str:
    """Return the name of the pod that performs a request: the same for every launcher."""
    return container_name(request, store)


def pod_labels(request: JobRequest, workflow: str) -> dict[str, str]:
    """Return the labels of the pod that performs a request."""
    return {
        **installation_labels(),
        "millrace.stage": request.stage,
        "millrace.workflow": _FORBIDDEN.sub("-", workflow)[:_LONGEST].strip("-._"),
    }


def installation_labels() -> dict[str, str]:
    """Return the labels of all pods of this installation; others may share the namespace."""
    return {**MANAGED_BY, **installation(Settings.load().catalog)}


def pod_annotations(request: JobRequest) -> dict[str, str]:
    """Return the annotations of the pod: key, attempt, run, and whether its result replaces."""
    replace = {REPLACE: "true"} if request.replace else {}
    return {KEY: request.key, ATTEMPT: request.attempt, RUN: run_of(request), **replace}


def attempt_of(annotations: Mapping[str, str] | None, default: str) -> str:
    """Return the attempt of the request that a pod was launched with."""
    return (annotations or {}).get(ATTEMPT) or default
