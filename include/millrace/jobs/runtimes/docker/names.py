"""The name and the labels of a job's container: how it is found again by whoever wants its key."""

from __future__ import annotations

from collections.abc import Mapping

from millrace.artifacts.digests import digest_bytes
from millrace.artifacts.store import Store
from millrace.errors import redact
from millrace.jobs.request import JobRequest

KEY = "millrace.key"
RUN = "millrace.run"
"""The catalog's number of the run that first wanted the container."""

REPLACE = "millrace.replace"
"""Says that the result of the container replaces what is in the store."""

INSTALLATION = "millrace.installation"
"""Tells apart the containers of installations that share a daemon."""


def container_name(request: JobRequest, store: Store) -> str:
    """Return the name of the container of a key in a store: there is one at most."""
    place = digest_bytes(store.uri.encode())[:6]
    return f"millrace-{request.stage}-{request.key[:24]}-{place}"


def labels_of(request: JobRequest, more: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a job's container; `more` are its launcher's."""
    replace = {REPLACE: "true"} if request.replace else {}
    own = {KEY: request.key, "millrace.stage": request.stage, RUN: run_of(request)}
    return {**own, **replace, **more}


def run_of(request: JobRequest) -> str:
    """Return the catalog's number of the run that wants a request performed."""
    return request.attempt.partition("-")[0]


def fits(request: JobRequest, labels: Mapping[str, str], *, ended: bool) -> bool:
    """Return whether what has these labels makes what is asked for, or made it before it ended.

    Whoever replaces what is in the store needs a container that does so, too; and of those that
    ended, one of the same run: what another run made is what is to be replaced.
    """
    if not request.replace:
        return True
    same = not ended or labels.get(RUN) == run_of(request)
    return REPLACE in labels and same


def installation(catalog: str) -> dict[str, str]:
    """Return the label of an installation, from its catalog's URL without the password."""
    return {INSTALLATION: digest_bytes(redact(catalog).encode())[:12]}
