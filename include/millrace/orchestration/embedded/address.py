"""`Address`: the port of this installation, remembered so that bookmarks survive a restart."""

from __future__ import annotations

import json
from pathlib import Path

from millrace.errors import TransientError
from millrace.orchestration.embedded.components import component
from millrace.orchestration.embedded.installation import DEFAULT_PORT, USER, Installation
from millrace.orchestration.embedded.password import password
from millrace.orchestration.embedded.ports import choose_port
from millrace.orchestration.rest import AirflowClient


def url(port: int) -> str:
    """Return the address of the user interface and of the REST API."""
    return f"http://127.0.0.1:{port}"


def known_port(installation: Installation) -> int | None:
    """Return the port that the installation used last, or None."""
    try:
        port = json.loads(_file(installation).read_text(encoding="utf-8"))["port"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return port if isinstance(port, int) else None


def new_port(installation: Installation) -> int:
    """Choose a port that is free now, and remember it.

    Raises:
        SpecError: the one that was asked for is taken.
    """
    preferred = known_port(installation) or DEFAULT_PORT
    port = choose_port(installation.port, preferred)
    _file(installation).write_text(json.dumps({"port": port}), encoding="utf-8")
    return port


def client(installation: Installation, timeout: float = 90.0) -> AirflowClient:
    """Return a client of this installation's Airflow, running or not.

    Args:
        installation: which one.
        timeout: seconds for one call.
    """
    port = known_port(installation) or installation.port or DEFAULT_PORT
    secret = password(installation.password_file)
    return AirflowClient(url(port), USER, secret, timeout=timeout)


def is_running(installation: Installation) -> bool:
    """Whether this installation's API server runs."""
    return component("api-server").runs(installation)


def running_client(installation: Installation) -> AirflowClient:
    """Return a client that may log in: never at a stranger who listens on our port now.

    Raises:
        TransientError: this installation's API server does not run.
    """
    if is_running(installation):
        return client(installation)
    raise TransientError(
        "Airflow does not run",
        where=installation.settings.home,
        remedy="Start it with `millrace up`; look at it with `millrace status`.",
    )


def _file(installation: Installation) -> Path:
    return installation.run / "address.json"
